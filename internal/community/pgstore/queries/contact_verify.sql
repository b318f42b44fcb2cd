-- The link was opened, so the address reaches its owner.
UPDATE alumni.contact SET verified_at = $2 WHERE member_id = $1 AND channel = 'Email'
