-- What became of a run's messages.
SELECT state, reason, sum(count)::bigint FROM alumni_stats.campaign_counts WHERE run_id = $1 GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
