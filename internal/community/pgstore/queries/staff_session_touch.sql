-- Keeps a session alive: $3 from now, and never longer than $4 from its beginning.
UPDATE alumni.staff_session
SET seen_at = $2, expires_at = least($2::timestamptz + $3::interval, created_at + $4::interval)
WHERE token_hash = $1
