-- Ends distance mode.
UPDATE alumni.member SET state = 'Active', paused_until = NULL, last_active_at = $2, updated_at = $2 WHERE id = $1
