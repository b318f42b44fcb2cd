-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Gives up the posts of runs that have ended because they rested too long.
UPDATE alumni.broadcast b SET state = 'Expired'
FROM alumni.campaign_run r
WHERE r.state = 'Failed' AND b.run_id = r.id AND b.state IN ('Planned', 'Deferred');
