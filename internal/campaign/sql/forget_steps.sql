-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Takes back what a run that is not sent did to the steps of its campaign: whoever it enrolled is not, and whoever it moved on waits again.
-- $1 run, $2 the day
WITH enrolled AS (DELETE FROM alumni.enrolment WHERE run_id = $1 AND step = 2)
UPDATE alumni.enrolment SET step = step - 1, due_on = $2::date, ended = '' WHERE run_id = $1 AND step > 2;
