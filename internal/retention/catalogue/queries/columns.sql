-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Every column of the store, with the comments that classify it and its table, whether it can hold a member's identifier, and whether
-- a trigger on the member empties its table.
SELECT n.nspname || '.' || c.relname, a.attname,
       coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), ''),
       coalesce(pg_catalog.col_description(c.oid, a.attnum), ''),
       a.atttypid IN ('pg_catalog.uuid'::pg_catalog.regtype, 'pg_catalog.uuid[]'::pg_catalog.regtype),
       EXISTS (SELECT
               FROM pg_catalog.pg_trigger t
               JOIN pg_catalog.pg_class m ON m.oid = t.tgrelid AND m.relname = 'member' AND m.relnamespace = c.relnamespace
               WHERE t.tgname = c.relname || '_follows' AND t.tgenabled = 'O')
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'alumni' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY 1, 2
