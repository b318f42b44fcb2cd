-- The runs of a network from one on, and of each whether it is over since so long that its numbers stay as they are.
-- $1: id of the run; $2: seconds after the end of a run
SELECT id, run_name, type, state = 'Sending' AND deadline > now(),
       coalesce(state IN ('Finished', 'Failed') AND finished_at < now() - make_interval(secs => $2), false)
FROM alumni_stats.campaign_runs WHERE id >= $1 ORDER BY id
