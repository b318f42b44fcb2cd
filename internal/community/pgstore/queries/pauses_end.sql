-- Ends the pauses whose time is over. Rows that someone else holds are left for the next round.
UPDATE alumni.member SET state = 'Active', paused_until = NULL, updated_at = $1
WHERE id IN (SELECT id FROM alumni.member WHERE state = 'Paused' AND paused_until <= $1 FOR NO KEY UPDATE SKIP LOCKED)
