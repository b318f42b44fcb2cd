-- The mail cannot be sent, now or later.
UPDATE alumni.portal_mail SET state = 'Failed', lease_until = NULL WHERE id = $1 AND state = 'Waiting'
