-- Locks a member for a change and tells whether he or she still takes part.
SELECT state FROM alumni.member WHERE id = $1 FOR NO KEY UPDATE
