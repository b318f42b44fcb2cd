-- The newest runs of a policy, so many of each kind: many requests must not hide what the schedule did.
-- $1: UID of the policy; $2: how many of each kind
SELECT r.id, r.run_name, r.generation, r.kind, r.mode, r.state, r.failure, r.plan_hash, r.as_of, r.started_at, r.finished_at,
       EXISTS (SELECT FROM alumni_stats.certificates c WHERE c.run_id = r.id)
FROM (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY id DESC) AS nth
      FROM alumni_stats.retention_runs WHERE policy_uid = $1) r
WHERE r.nth <= $2 ORDER BY r.id DESC
