-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Lets members be written to by a later run for what this one, which has ended, did not get to before its deadline; and whoever did not get
-- the first message of a campaign gets none of those after it. $1 run
WITH missed AS MATERIALIZED (
    SELECT DISTINCT d.member_id FROM alumni.delivery d JOIN alumni.campaign_run r ON r.id = d.run_id
    WHERE d.run_id = $1 AND r.state = 'Finished' AND d.state = 'Expired' AND d.step = 1
      AND NOT EXISTS (SELECT FROM alumni.delivery o WHERE o.run_id = $1 AND o.member_id = d.member_id AND o.state IN ('Sent', 'Unknown', 'Failed'))
), left_out AS (
    DELETE FROM alumni.enrolment n USING missed WHERE n.run_id = $1 AND n.recipient_id = missed.member_id AND n.step = 2
)
DELETE FROM alumni.occasion o USING missed WHERE o.run_id = $1 AND o.recipient_id = missed.member_id;
