-- The tables of some schemas of a restored database. All of them belong to the role that restored it.
-- $1: schemas
SELECT n.nspname, c.relname, true
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p')
ORDER BY n.nspname, c.relname
