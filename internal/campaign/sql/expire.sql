-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Gives up what is still waiting when the deadline of a run has passed. $1 run
UPDATE alumni.delivery d
SET state = 'Expired'
WHERE d.ctid = ANY (ARRAY(
      SELECT ctid FROM alumni.delivery
      WHERE run_id = $1 AND state IN ('Planned', 'Deferred')
        AND (SELECT deadline <= now() FROM alumni.campaign_run WHERE id = $1)
      FOR UPDATE SKIP LOCKED));
