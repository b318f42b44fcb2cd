-- The ledger of the same runs, counted.
-- $1: UID of the campaign; $2: how many
SELECT r.run_name, c.state, c.reason, sum(c.count)::bigint
FROM (SELECT id, run_name FROM alumni_stats.campaign_runs WHERE campaign_uid = $1 ORDER BY scheduled_at DESC, id DESC LIMIT $2) r
CROSS JOIN LATERAL (SELECT state, reason, count FROM alumni_stats.campaign_counts WHERE run_id = r.id) c
GROUP BY r.run_name, c.state, c.reason
