-- A member takes back a comment. The text goes.
UPDATE alumni.post_comment SET state = 'Withdrawn', body = '' WHERE id = $1 AND recipient_id = $2 AND state <> 'Withdrawn'
