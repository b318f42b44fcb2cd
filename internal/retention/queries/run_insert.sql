-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Begins a run, unless one of this name has begun. Its instant is the database's, for all of its starts.
INSERT INTO alumni.retention_run (run_name, policy_uid, policy, generation, kind, mode, state, as_of)
VALUES ($1, $2, $3, $4, $5, $6, 'Planned', now())
ON CONFLICT (run_name) DO NOTHING
