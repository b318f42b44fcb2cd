-- Forgets what a member did with mails; the counts stay. $1 member
DELETE FROM alumni.tracking_event WHERE recipient_id = $1
