-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Ends the runs of a campaign that rested beyond their deadline: nobody can let them go on any more. $1 campaign UID
WITH dead AS (
    UPDATE alumni.campaign_run SET state = 'Failed', finished_at = now()
    WHERE campaign_uid = $1 AND state = 'Paused' AND deadline <= now()
    RETURNING id)
UPDATE alumni.delivery SET state = 'Expired' WHERE run_id IN (SELECT id FROM dead) AND state IN ('Planned', 'Deferred');
