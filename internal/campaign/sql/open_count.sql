-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- To how many members something is still to be sent by a channel, and whether workers are at it. $1 run, $2 channel
SELECT (SELECT count(*) FROM alumni.delivery WHERE run_id = $1 AND channel = $2 AND state IN ('Planned', 'Deferred')),
       EXISTS (SELECT FROM alumni.delivery_chunk WHERE run_id = $1 AND channel = $2 AND lease_owner IS NOT NULL);
