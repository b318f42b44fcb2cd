-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Ends what would come after the last step of a campaign. $1 campaign UID, $2 the last step
UPDATE alumni.enrolment SET due_on = NULL, ended = 'Completed' WHERE campaign_uid = $1 AND step > $2::int AND due_on IS NOT NULL;
