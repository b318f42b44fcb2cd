-- When runs were paused that are at rest.
-- $1: ids of the runs
SELECT run_id, paused_at FROM alumni_stats.campaign_pauses WHERE run_id = ANY ($1::bigint[])
