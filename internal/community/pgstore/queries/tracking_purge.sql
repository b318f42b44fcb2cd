-- Forgets what members did with mails before $1.
DELETE FROM alumni.tracking_event WHERE noted_at < $1
