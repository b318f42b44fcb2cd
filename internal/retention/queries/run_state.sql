-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Moves a run on, if it is still this epoch's.
UPDATE alumni.retention_run SET state = $3 WHERE id = $1 AND epoch = $2
