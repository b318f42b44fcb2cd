-- A run ends.
-- $1: run name; $2: state; $3: code; $4: name of the backup; $5: bytes; $6: tables; $7: rows; $8: pruned; $9: time of the snapshot
UPDATE alumni.backup_run
SET state = $2, failure = $3, backup = $4, size_bytes = $5, tables = $6, rows = $7, pruned = $8, taken_at = $9, finished_at = now()
WHERE run_name = $1
