-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- To how many members something is still to be sent by a channel, and whether anything of it was handed out before. $1 run, $2 channel
SELECT (SELECT count(*) FROM alumni.delivery WHERE run_id = $1 AND channel = $2 AND state = 'Planned'),
       EXISTS (SELECT FROM alumni.delivery_chunk WHERE run_id = $1 AND channel = $2 AND lease_owner IS NOT NULL)
       OR EXISTS (SELECT FROM alumni.delivery WHERE run_id = $1 AND channel = $2
                  AND (attempts > 0 OR doubt_since IS NOT NULL OR lease_owner IS NOT NULL OR state IN ('Sent', 'Deferred', 'Failed', 'Unknown', 'Expired')));
