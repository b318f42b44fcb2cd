-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Begins an import. Runs under the import lock: whatever else is Running was killed. A run that succeeded is not
-- begun again and gives no row.
WITH interrupted AS (
    UPDATE alumni.roster_import
       SET state = 'Failed', failure = 'Interrupted', failure_field = '', finished_at = now()
     WHERE state = 'Running' AND run_name <> $1
)
INSERT INTO alumni.roster_import AS i (run_name, state) VALUES ($1, 'Running')
ON CONFLICT (run_name) DO UPDATE
   SET state = 'Running', failure = '', failure_field = '', started_at = now(), finished_at = NULL,
       rows = 0, inserted = 0, updated = 0, unchanged = 0, quarantined = 0, tombstoned = 0
 WHERE i.state <> 'Succeeded'
RETURNING i.id;
