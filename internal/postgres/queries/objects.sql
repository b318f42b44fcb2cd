-- Tables, views and sequences in our schemas with their owners; columns only of those that have grants by column.
-- $1: our schemas; $2: schema.table of those whose columns matter
SELECT n.nspname || '.' || c.relname,
       CASE WHEN n.nspname || '.' || c.relname = ANY ($2)
            THEN ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
            ELSE '{}' END,
       c.relkind = 'S', pg_get_userbyid(c.relowner)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S')
