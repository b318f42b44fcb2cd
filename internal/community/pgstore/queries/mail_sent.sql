-- The mail server took the mail.
UPDATE alumni.portal_mail SET state = 'Sent', sent_at = $2, lease_until = NULL WHERE id = $1
