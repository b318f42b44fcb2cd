-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Ends a dry run.
UPDATE alumni.retention_run
SET state = 'Previewed', failure = $3, plan_hash = $2, finished_at = now()
WHERE id = $1 AND state = 'Planned'
