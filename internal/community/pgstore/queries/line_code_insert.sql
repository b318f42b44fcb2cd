-- Lets a code with the hash $2 wait until $3, for a member who is not linked. The one before is forgotten.
INSERT INTO alumni.line_link AS l (recipient_id, code_hash, expires_at)
VALUES ($1, $2, $3)
ON CONFLICT (recipient_id) DO UPDATE SET code_hash = excluded.code_hash, expires_at = excluded.expires_at WHERE l.user_id IS NULL
