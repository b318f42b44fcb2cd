-- The mail is tried again from $2 on.
UPDATE alumni.portal_mail SET not_before = $2, lease_until = NULL WHERE id = $1 AND state = 'Waiting'
