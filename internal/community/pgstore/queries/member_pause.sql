-- Distance mode, until $2 or until further notice.
UPDATE alumni.member SET state = 'Paused', paused_until = $2, last_active_at = $3, updated_at = $3 WHERE id = $1
