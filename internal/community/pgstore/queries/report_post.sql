-- A member reports a post for $3 at $4.
INSERT INTO alumni.post_report (post_id, recipient_id, reason, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (recipient_id, post_id) DO NOTHING
