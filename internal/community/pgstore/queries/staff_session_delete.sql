-- Ends a session.
DELETE FROM alumni.staff_session WHERE token_hash = $1
