-- The newest captured mails before $1, at most $2.
SELECT id, recipient, subject, captured_at FROM alumni.captured_mail WHERE id < $1 ORDER BY id DESC LIMIT $2
