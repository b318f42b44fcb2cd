-- A run begins, or begins again after a pod that was killed. One that succeeded is left as it is: no row comes back.
-- $1: run name; $2: kind; $3: when it was due
INSERT INTO alumni.backup_run AS r (run_name, kind, state, scheduled_at) VALUES ($1, $2, 'Running', $3)
ON CONFLICT (run_name) DO UPDATE SET state = 'Running', failure = '', started_at = now(), finished_at = NULL
WHERE r.state <> 'Succeeded'
RETURNING id
