-- The posts of some runs, counted by the type of their campaigns.
-- $1: ids of the runs
SELECT r.type, p.channel, p.state, p.reason, count(*)
FROM alumni_stats.campaign_posts p JOIN alumni_stats.campaign_runs r ON r.id = p.run_id
WHERE p.run_id = ANY ($1::bigint[]) GROUP BY 1, 2, 3, 4
