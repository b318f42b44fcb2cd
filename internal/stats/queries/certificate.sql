-- The signed proof of one run.
-- $1: id of the run
SELECT body, signature, public_key, created_at FROM alumni_stats.certificates WHERE run_id = $1
