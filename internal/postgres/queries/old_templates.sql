-- The finished templates of this role.
-- $1: what their names begin with
-- $2: what their marks begin with
SELECT d.datname::text FROM pg_database d
WHERE starts_with(d.datname::text, $1) AND pg_get_userbyid(d.datdba) = current_user
  AND starts_with(coalesce(shobj_description(d.oid, 'pg_database'), ''), $2)
