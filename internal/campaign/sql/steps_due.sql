-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Which steps of a campaign are due for somebody. $1 campaign UID, $2 the day
SELECT DISTINCT step::int FROM alumni.enrolment WHERE campaign_uid = $1 AND due_on <= $2::date ORDER BY 1;
