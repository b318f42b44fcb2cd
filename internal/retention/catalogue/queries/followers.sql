-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Tables that belong to a member without a foreign key: whether a trigger on the member empties them, and whether an index
-- finds their rows.
-- $1: tables; $2: their columns; $3: the triggers
SELECT f.child, f.known,
       EXISTS (SELECT
               FROM pg_catalog.pg_trigger t
               JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'alumni' AND c.relname = 'member' AND t.tgname = f.trigger AND t.tgenabled = 'O'),
       EXISTS (SELECT
               FROM pg_catalog.pg_index i
               JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
               WHERE i.indrelid = k.oid AND a.attname = f.known AND i.indisvalid AND i.indpred IS NULL)
FROM unnest($1::text[], $2::text[], $3::text[]) AS f (child, known, trigger)
JOIN pg_catalog.pg_class k ON k.relkind IN ('r', 'p')
JOIN pg_catalog.pg_namespace s ON s.oid = k.relnamespace AND s.nspname || '.' || k.relname = f.child
ORDER BY 1
