-- What our roles and PUBLIC hold on objects of the owner role, as the owner granted it: schemas, tables, columns,
-- sequences, and functions (not what PUBLIC may run: that is PostgreSQL's default).
-- $1: names of our roles; $2: the owner role
WITH owner AS (SELECT oid FROM pg_roles WHERE rolname = $2),
held AS (
    SELECT 'SCHEMA' AS kind, quote_ident(n.nspname) AS object, '' AS attribute, a.grantee, a.privilege_type
    FROM pg_namespace n, LATERAL aclexplode(n.nspacl) a
    WHERE n.nspowner = (SELECT oid FROM owner) AND a.grantor = n.nspowner
    UNION ALL
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, format('%I.%I', n.nspname, c.relname), '', a.grantee, a.privilege_type
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, LATERAL aclexplode(c.relacl) a
    WHERE c.relowner = (SELECT oid FROM owner) AND a.grantor = c.relowner AND n.nspname !~ '^pg_'
    UNION ALL
    SELECT 'TABLE', format('%I.%I', n.nspname, c.relname), t.attname, a.grantee, a.privilege_type
    FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, LATERAL aclexplode(t.attacl) a
    WHERE c.relowner = (SELECT oid FROM owner) AND a.grantor = c.relowner AND t.attnum > 0 AND NOT t.attisdropped
    UNION ALL
    SELECT 'FUNCTION', format('%I.%I(%s)', n.nspname, f.proname, pg_get_function_identity_arguments(f.oid)), '', a.grantee, a.privilege_type
    FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace, LATERAL aclexplode(f.proacl) a
    WHERE f.proowner = (SELECT oid FROM owner) AND f.prokind = 'f' AND a.grantor = f.proowner AND a.grantee <> 0
)
SELECT h.kind, h.object, h.attribute, coalesce(r.rolname, ''), h.privilege_type
FROM held h LEFT JOIN pg_roles r ON r.oid = h.grantee
WHERE h.grantee = 0 OR (r.rolname = ANY ($1) AND r.rolname <> $2)
