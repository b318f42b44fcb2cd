-- Opens a session.
INSERT INTO alumni.staff_session (token_hash, staff_id, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $3, $4)
