-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Ends a run that did its work.
UPDATE alumni.retention_run
SET state = 'Certified', finished_at = $3
WHERE id = $1 AND epoch = $2
