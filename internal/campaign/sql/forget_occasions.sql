-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Lets members be written to for what a run that is not sent would have written for. $1 run
DELETE FROM alumni.occasion WHERE run_id = $1;
