-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Says what keeps a run from going on. It has not ended: another start may find that mended.
UPDATE alumni.retention_run SET failure = $3
WHERE id = $1 AND epoch = $2 AND state IN ('Planned', 'Executing', 'Verifying')
