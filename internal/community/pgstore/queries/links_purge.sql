-- Forgets links that no longer work.
WITH of_staff AS (DELETE FROM alumni.staff_link WHERE expires_at < $1)
DELETE FROM alumni.sign_in_link WHERE expires_at < $1
