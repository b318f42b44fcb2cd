-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Ends an import with its counts.
UPDATE alumni.roster_import
   SET state = $2, failure = $3, failure_field = $4, rows = $5, inserted = $6, updated = $7, unchanged = $8,
       quarantined = $9, tombstoned = $10, finished_at = now()
 WHERE id = $1 AND state = 'Running';
