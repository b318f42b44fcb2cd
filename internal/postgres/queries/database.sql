-- The database itself: owner, encoding, and whether the session may connect. At most one row.
-- $1: name of the database
SELECT pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding), has_database_privilege(current_user, d.oid, 'CONNECT')
FROM pg_database d WHERE d.datname = $1
