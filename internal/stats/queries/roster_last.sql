-- The newest import that ended.
SELECT run_name, state, failure, failure_field, rows, inserted, updated, unchanged, quarantined, tombstoned, started_at, finished_at
FROM alumni_stats.roster_imports WHERE state <> 'Running' ORDER BY id DESC LIMIT 1
