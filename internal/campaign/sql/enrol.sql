-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Enrols whoever is to get the first message of a campaign, once. $1 run, $2 campaign UID, $3 when the second is due
INSERT INTO alumni.enrolment (campaign_uid, recipient_id, step, due_on, run_id)
SELECT DISTINCT $2, d.member_id, 2, $3::date, $1::bigint FROM alumni.delivery d
WHERE d.run_id = $1 AND d.step = 1 AND d.state = 'Planned'
ON CONFLICT (campaign_uid, recipient_id) DO NOTHING;
