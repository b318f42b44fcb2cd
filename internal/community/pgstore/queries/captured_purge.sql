-- Forgets captured mails from before $1, and those that are older than the newest $2.
DELETE FROM alumni.captured_mail
WHERE captured_at < $1
   OR id <= (SELECT id FROM alumni.captured_mail ORDER BY id DESC OFFSET $2 LIMIT 1)
