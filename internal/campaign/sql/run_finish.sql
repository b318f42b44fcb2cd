-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Ends a run of which every delivery and every post is settled. $1 run
UPDATE alumni.campaign_run SET state = 'Finished', failure = '', finished_at = now()
WHERE id = $1 AND state IN ('Sending', 'Paused')
  AND NOT EXISTS (SELECT FROM alumni.delivery WHERE run_id = $1 AND state IN ('Planned', 'Deferred', 'Claimed'))
  AND NOT EXISTS (SELECT FROM alumni.broadcast WHERE run_id = $1 AND state IN ('Planned', 'Deferred', 'Claimed'));
