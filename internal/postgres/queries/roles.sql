-- Our roles as they are: one row for each that exists.
-- $1: names of our roles; $2: name of the database
SELECT r.rolname, r.rolcanlogin, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication, r.rolbypassrls,
       r.rolconnlimit, coalesce(r.rolvaliduntil < 'infinity', false),
       coalesce(shobj_description(r.oid, 'pg_authid'), ''),
       coalesce((SELECT s.setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
                 WHERE s.setrole = r.oid AND d.datname = $2), '{}'),
       ARRAY(SELECT pg_get_userbyid(m.roleid)::text FROM pg_auth_members m WHERE m.member = r.oid ORDER BY m.roleid, m.grantor),
       ARRAY(SELECT pg_get_userbyid(m.grantor)::text FROM pg_auth_members m WHERE m.member = r.oid ORDER BY m.roleid, m.grantor),
       ARRAY(SELECT pg_has_role(r.oid, m.roleid, 'USAGE') FROM pg_auth_members m WHERE m.member = r.oid ORDER BY m.roleid, m.grantor),
       pg_has_role(current_user, r.oid, 'MEMBER'), pg_has_role(current_user, r.oid, 'USAGE')
FROM pg_roles r WHERE r.rolname = ANY ($1)
