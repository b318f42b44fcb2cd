-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Adds to a count of a run.
INSERT INTO alumni.retention_run_count AS c (run_id, rule, category, outcome, members, rows)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (run_id, rule, category, outcome) DO UPDATE
SET members = c.members + excluded.members, rows = c.rows + excluded.rows
