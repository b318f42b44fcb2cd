-- The variants of the A/B tests of some runs.
-- $1: ids of the runs
SELECT run_id, variant, sent, clicked FROM alumni_stats.campaign_variants WHERE run_id = ANY ($1::bigint[]) ORDER BY 1, 2
