-- The runs among some that send others again.
-- $1: ids of the runs
SELECT run_id, resend_of FROM alumni_stats.campaign_resends WHERE run_id = ANY ($1::bigint[])
