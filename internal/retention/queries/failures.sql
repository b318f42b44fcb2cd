-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Members who were set aside in this run.
SELECT member_id FROM alumni.retention_failure WHERE run_id = $1
