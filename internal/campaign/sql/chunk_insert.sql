-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Divides what is to be sent into chunks, of a number of members each. Together the chunks of a channel cover every member there can
-- be, so that no delivery is ever outside.
-- $1 run, $2 channels, $3 deliveries in a chunk
WITH numbered AS (
    SELECT d.channel, d.member_id, d.not_before, (row_number() OVER (PARTITION BY d.channel ORDER BY d.member_id) - 1) / $3::int AS n
    FROM alumni.delivery d
    WHERE d.run_id = $1 AND d.state IN ('Planned', 'Deferred')
), chunk AS (
    SELECT channel, n, (array_agg(member_id ORDER BY member_id))[1] AS first, min(not_before) AS not_before
    FROM numbered GROUP BY channel, n
)
INSERT INTO alumni.delivery_chunk (run_id, channel, first_member, end_member, not_before)
SELECT $1, c.channel,
       CASE WHEN coalesce(k.n, 0) = 0 THEN '00000000-0000-0000-0000-000000000000' ELSE k.first END,
       coalesce(lead(k.first) OVER (PARTITION BY c.channel ORDER BY k.n), 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
       coalesce(k.not_before, 'infinity')
FROM unnest($2::text[]) c(channel) LEFT JOIN chunk k ON k.channel = c.channel;
