-- The ledger of some runs, counted. The runs are a constant, for PostgreSQL does not push a join into the view's
-- groups: it would count every run of the store.
-- $1: ids of the runs
SELECT run_id, channel, state, reason, sum(count)::bigint FROM alumni_stats.campaign_counts WHERE run_id = ANY ($1::bigint[]) GROUP BY 1, 2, 3, 4
