-- Stored password verifiers of our roles; a superuser's sight only.
-- $1: names of our roles
SELECT rolname, coalesce(rolpassword, '') FROM pg_authid WHERE rolname = ANY ($1)
