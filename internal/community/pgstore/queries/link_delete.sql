-- Forgets a link whose mail was not taken.
WITH of_staff AS (DELETE FROM alumni.staff_link WHERE token_hash = $1)
DELETE FROM alumni.sign_in_link WHERE token_hash = $1
