-- Who holds what on the database: our roles and PUBLIC.
-- $1: name of the database; $2: names of our roles
SELECT coalesce(r.rolname, ''), a.privilege_type
FROM pg_database d
CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE d.datname = $1 AND a.grantor = d.datdba AND (a.grantee = 0 OR (r.rolname = ANY ($2) AND a.grantee <> d.datdba))
