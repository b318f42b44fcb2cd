-- The A/B tests of some runs.
-- $1: ids of the runs
SELECT run_id, test_until, winner FROM alumni_stats.campaign_tests WHERE run_id = ANY ($1::bigint[])
