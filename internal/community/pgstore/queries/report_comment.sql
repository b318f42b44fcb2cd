-- A member reports a comment for $3 at $4.
INSERT INTO alumni.post_report (comment_id, recipient_id, reason, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (recipient_id, comment_id) DO NOTHING
