-- The newest runs of a policy.
-- $1: UID of the policy; $2: how many
SELECT r.id, r.run_name, r.generation, r.kind, r.mode, r.state, r.failure, r.plan_hash, r.as_of, r.started_at, r.finished_at,
       EXISTS (SELECT FROM alumni_stats.certificates c WHERE c.run_id = r.id)
FROM alumni_stats.retention_runs r WHERE r.policy_uid = $1 ORDER BY r.id DESC LIMIT $2
