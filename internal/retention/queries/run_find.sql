-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The run of a name.
SELECT id, policy_uid, generation, kind, mode, state, failure, epoch, plan_hash, as_of, started_at
FROM alumni.retention_run
WHERE run_name = $1
