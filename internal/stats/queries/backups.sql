-- For each kind of run in the journal of backups the newest that ended and the newest that succeeded, the newest first.
SELECT run_name, kind, state, failure, backup, size_bytes, taken_at, finished_at
FROM alumni_stats.backup_runs
WHERE id IN (SELECT max(id) FROM alumni_stats.backup_runs WHERE state <> 'Running' GROUP BY kind
             UNION ALL
             SELECT max(id) FROM alumni_stats.backup_runs WHERE state = 'Succeeded' GROUP BY kind)
ORDER BY id DESC
