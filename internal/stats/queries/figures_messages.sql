-- The ledger of some runs, counted by the type of their campaigns. The runs are a constant, as in campaign_counts.sql.
-- $1: ids of the runs
SELECT r.type, c.channel, c.state, c.reason, sum(c.count)::bigint
FROM alumni_stats.campaign_counts c JOIN alumni_stats.campaign_runs r ON r.id = c.run_id
WHERE c.run_id = ANY ($1::bigint[]) GROUP BY 1, 2, 3, 4
