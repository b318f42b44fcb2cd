-- For how many seconds the oldest message of some runs that is due has been so, by the type of their campaigns.
-- $1: ids of the runs
SELECT r.type, extract(epoch FROM now() - min(l.since))::float8
FROM alumni_stats.campaign_lags l JOIN alumni_stats.campaign_runs r ON r.id = l.run_id
WHERE l.run_id = ANY ($1::bigint[]) GROUP BY 1
