-- The role that owns everything in a fresh copy of a template. No row: the database is none. Catalogs only are read, for
-- what else is inside may be anybody's.
-- $1: what marks begin with
-- $2: what the names of templates begin with
SELECT r.rolname::text
FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
WHERE n.nspname = 'alumni_operator' AND starts_with(r.rolname::text, $2)
  AND starts_with(obj_description(n.oid, 'pg_namespace'), $1)
  AND obj_description(n.oid, 'pg_namespace') = shobj_description(r.oid, 'pg_authid')
  AND NOT EXISTS (SELECT FROM pg_namespace o WHERE o.nspowner <> n.nspowner AND o.nspname NOT IN ('public', 'information_schema') AND o.nspname !~ '^pg_')
  AND NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace o ON o.oid = c.relnamespace
                  WHERE c.relowner <> n.nspowner AND o.nspname <> 'information_schema' AND o.nspname !~ '^pg_')
  AND NOT EXISTS (SELECT FROM pg_proc f JOIN pg_namespace o ON o.oid = f.pronamespace
                  WHERE f.proowner <> n.nspowner AND o.nspname <> 'information_schema' AND o.nspname !~ '^pg_')
  AND NOT EXISTS (SELECT FROM pg_type t JOIN pg_namespace o ON o.oid = t.typnamespace
                  WHERE t.typowner <> n.nspowner AND o.nspname <> 'information_schema' AND o.nspname !~ '^pg_')
  AND NOT EXISTS (SELECT FROM pg_largeobject_metadata)
