-- People of the same runs who could not be erased, by code.
-- $1: UID of the policy; $2: how many
SELECT run_id, code, members FROM alumni_stats.retention_failures
WHERE run_id IN (SELECT id FROM alumni_stats.retention_runs WHERE policy_uid = $1 ORDER BY id DESC LIMIT $2)
