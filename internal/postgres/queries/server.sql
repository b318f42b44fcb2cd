-- The server and the session's own role. One row.
-- $1: name of the database
SELECT current_setting('server_version_num')::int,
       current_setting('server_version'),
       pg_is_in_recovery(),
       current_setting('transaction_read_only')::boolean,
       r.rolname, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolinherit,
       coalesce((SELECT pg_encoding_to_char(encoding) = 'UTF8' FROM pg_database WHERE datname = 'template0'), false),
       EXISTS (SELECT FROM pg_database WHERE datname = $1)
FROM pg_roles r WHERE r.rolname = current_user
