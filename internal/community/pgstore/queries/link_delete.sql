-- Forgets a link whose mail was not taken.
DELETE FROM alumni.sign_in_link WHERE token_hash = $1
