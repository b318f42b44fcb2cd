-- The tables of some schemas, and whether they belong to the owner of the database: those of somebody else are not the
-- network's.
-- $1: schemas
SELECT n.nspname, c.relname, c.relowner = (SELECT datdba FROM pg_database WHERE datname = current_database())
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p')
ORDER BY n.nspname, c.relname
