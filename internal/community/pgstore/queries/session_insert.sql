-- Opens a session.
INSERT INTO alumni.session (token_hash, member_id, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $3, $4)
