-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Every foreign key on the way to the member, with its rule on deletion and whether an index finds its rows.
WITH RECURSIVE reached AS (
    SELECT c.oid
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'alumni' AND c.relname = 'member'
    UNION
    SELECT f.conrelid
    FROM pg_catalog.pg_constraint f
    JOIN reached r ON f.confrelid = r.oid
    WHERE f.contype = 'f'
)
SELECT child_schema.nspname || '.' || child.relname AS child,
       (SELECT string_agg(a.attname, ',' ORDER BY k.position)
        FROM unnest(f.conkey) WITH ORDINALITY AS k (attnum, position)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum) AS columns,
       parent_schema.nspname || '.' || parent.relname AS parent,
       f.confdeltype = 'c' AS cascades,
       EXISTS (SELECT
               FROM pg_catalog.pg_index i
               WHERE i.indrelid = f.conrelid AND i.indkey[0] = f.conkey[1]
                 AND i.indisvalid AND i.indpred IS NULL) AS indexed
FROM pg_catalog.pg_constraint f
JOIN reached r ON f.confrelid = r.oid
JOIN pg_catalog.pg_class child ON child.oid = f.conrelid
JOIN pg_catalog.pg_namespace child_schema ON child_schema.oid = child.relnamespace
JOIN pg_catalog.pg_class parent ON parent.oid = f.confrelid
JOIN pg_catalog.pg_namespace parent_schema ON parent_schema.oid = parent.relnamespace
WHERE f.contype = 'f'
ORDER BY 1, 2, 3
