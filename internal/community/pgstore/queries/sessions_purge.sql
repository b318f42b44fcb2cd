-- Forgets sessions that are over.
DELETE FROM alumni.session WHERE expires_at < $1
