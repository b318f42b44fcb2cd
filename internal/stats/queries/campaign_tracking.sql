-- What is learnt of the mails of some runs, and what was learnt.
-- $1: ids of the runs
SELECT run_id, clicks, opens, clicked, opened FROM alumni_stats.campaign_tracking WHERE run_id = ANY ($1::bigint[])
