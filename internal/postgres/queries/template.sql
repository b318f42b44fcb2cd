-- A template and its role. One row.
-- $1: name of the template
-- $2: name of its role
SELECT r.oid IS NOT NULL, coalesce(shobj_description(r.oid, 'pg_authid'), ''),
       coalesce(pg_has_role(current_user, r.oid, 'MEMBER') AND pg_has_role(current_user, r.oid, 'USAGE'), false),
       d.oid IS NOT NULL, coalesce(pg_get_userbyid(d.datdba) = current_user, false),
       coalesce(shobj_description(d.oid, 'pg_database'), ''), coalesce(d.datallowconn, false)
FROM (SELECT) one LEFT JOIN pg_database d ON d.datname = $1 LEFT JOIN pg_roles r ON r.rolname = $2
