-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- What a run has counted so far.
SELECT rule, category, outcome, members, rows FROM alumni.retention_run_count
WHERE run_id = $1
ORDER BY rule, category, outcome
