-- A member takes thanks back.
DELETE FROM alumni.post_reaction WHERE post_id = $1 AND recipient_id = $2
