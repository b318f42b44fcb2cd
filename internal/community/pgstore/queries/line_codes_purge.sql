-- Forgets codes that waited in vain until $1.
DELETE FROM alumni.line_link WHERE user_id IS NULL AND expires_at <= $1
