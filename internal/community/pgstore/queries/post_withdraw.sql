-- A member takes back what he or she told. The text goes.
UPDATE alumni.post SET state = 'Withdrawn', body = '', newsletter = 'NotAllowed' WHERE id = $1 AND recipient_id = $2 AND state <> 'Withdrawn'
