-- The member asks for mail again.
DELETE FROM alumni.suppression WHERE member_id = $1 AND channel = 'Email'
