-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Ends a run that must not go on.
UPDATE alumni.retention_run
SET state = 'Failed', failure = $3, finished_at = now()
WHERE id = $1 AND epoch = $2 AND state IN ('Planned', 'Executing', 'Verifying')
