-- Forgets links that no longer work.
DELETE FROM alumni.sign_in_link WHERE expires_at < $1
