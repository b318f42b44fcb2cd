-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Ends a run that did its work; with the reason when it had to withhold a part of it.
UPDATE alumni.retention_run
SET state = 'Certified', finished_at = $3, failure = $4
WHERE id = $1 AND epoch = $2
