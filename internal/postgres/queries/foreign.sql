-- How many relations, functions and types the database holds that are not PostgreSQL's own and not part of an
-- extension. Row types and array types come with their tables and are not counted.
WITH own AS (SELECT oid FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'),
     part AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e')
SELECT (SELECT count(*) FROM pg_class c WHERE c.relnamespace IN (SELECT oid FROM own)
          AND NOT EXISTS (SELECT FROM part p WHERE p.classid = 'pg_class'::regclass AND p.objid = c.oid))
     + (SELECT count(*) FROM pg_proc f WHERE f.pronamespace IN (SELECT oid FROM own)
          AND NOT EXISTS (SELECT FROM part p WHERE p.classid = 'pg_proc'::regclass AND p.objid = f.oid))
     + (SELECT count(*) FROM pg_type t WHERE t.typnamespace IN (SELECT oid FROM own) AND t.typtype IN ('d', 'e', 'r')
          AND NOT EXISTS (SELECT FROM part p WHERE p.classid = 'pg_type'::regclass AND p.objid = t.oid))
     + (SELECT count(*) FROM pg_largeobject_metadata)
