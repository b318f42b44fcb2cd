-- A member's live sessions, the last used first.
SELECT token_hash, created_at, seen_at, expires_at
FROM alumni.session WHERE member_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, created_at DESC
