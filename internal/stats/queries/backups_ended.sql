-- Which runs of these names have ended.
-- $1: run names
SELECT run_name FROM alumni_stats.backup_runs WHERE run_name = ANY ($1) AND state <> 'Running'
