-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Makes a chunk of every member there can be for each channel that was not there when the run was planned. $1 run, $2 channels
INSERT INTO alumni.delivery_chunk (run_id, channel, first_member, end_member, not_before)
SELECT $1, c.channel, '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'infinity'
FROM unnest($2::text[]) c(channel)
WHERE NOT EXISTS (SELECT FROM alumni.delivery_chunk k WHERE k.run_id = $1 AND k.channel = c.channel)
ON CONFLICT DO NOTHING;
