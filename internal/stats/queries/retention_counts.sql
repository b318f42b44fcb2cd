-- The numbers of the same runs.
-- $1: UID of the policy; $2: how many
SELECT c.run_id, c.rule, c.category, c.outcome, c.members, c.rows
FROM alumni_stats.retention_counts c
WHERE c.run_id IN (SELECT id FROM alumni_stats.retention_runs WHERE policy_uid = $1 ORDER BY id DESC LIMIT $2)
ORDER BY c.run_id DESC, c.rule, c.category, c.outcome
