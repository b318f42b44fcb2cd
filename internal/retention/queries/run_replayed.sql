-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Ends a replay of the erasure ledger. It has no certificate: those of the runs that it repeats are good.
UPDATE alumni.retention_run SET state = 'Replayed', finished_at = $3 WHERE id = $1 AND epoch = $2
