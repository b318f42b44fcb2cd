-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Lets those go who are to leave before a step. $1 campaign UID, members before the steps from $2 to $3 that are due on $4; further
-- parameters belong to the condition.
UPDATE alumni.enrolment n SET due_on = NULL, ended = 'Exited'
WHERE n.campaign_uid = $1 AND n.step BETWEEN $2::int AND $3::int AND n.due_on <= $4::date
  AND EXISTS (SELECT FROM alumni.member m /*audience join*/ WHERE m.id = n.recipient_id AND (/*audience where*/));
