-- The posts of some runs.
-- $1: ids of the runs
SELECT run_id, channel, destination, state, reason FROM alumni_stats.campaign_posts WHERE run_id = ANY ($1::bigint[]) ORDER BY 1, 2, 3
