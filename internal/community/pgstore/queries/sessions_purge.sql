-- Forgets sessions that are over.
WITH of_staff AS (DELETE FROM alumni.staff_session WHERE expires_at < $1)
DELETE FROM alumni.session WHERE expires_at < $1
