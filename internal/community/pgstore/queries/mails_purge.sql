-- Forgets mails that are done since before $1.
DELETE FROM alumni.portal_mail WHERE state <> 'Waiting' AND created_at < $1
