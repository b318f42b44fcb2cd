-- Signing in is activity.
UPDATE alumni.member SET last_active_at = $2 WHERE id = $1
