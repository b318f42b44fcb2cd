-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- What is left of a run: whether rows are claimed, the seconds until the next one is due (null: none waits), and whether the run
-- rests.
-- $1 run
SELECT EXISTS (SELECT FROM alumni.delivery WHERE run_id = $1 AND state = 'Claimed'),
       (SELECT extract(epoch FROM min(not_before) - now())::float8 FROM alumni.delivery
        WHERE run_id = $1 AND state IN ('Planned', 'Deferred')),
       (SELECT state = 'Paused' FROM alumni.campaign_run WHERE id = $1);
