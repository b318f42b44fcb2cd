-- The member leaves.
UPDATE alumni.member SET state = 'Withdrawn', withdrawn_at = $2, paused_until = NULL, updated_at = $2 WHERE id = $1
