-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Columns that are named after the member and have no foreign key to it: a link that no key tells of. Of followers' columns, which are named
-- after the recipient, the schema says itself what they are.
SELECT n.nspname || '.' || c.relname AS child, a.attname AS columns
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
  AND a.attnum > 0 AND NOT a.attisdropped
  AND (a.attname LIKE '%member\_id%' OR a.attname LIKE '%member\_uuid%' OR n.nspname <> 'alumni' AND a.attname LIKE '%recipient\_id%')
  AND NOT EXISTS (SELECT
                  FROM pg_catalog.pg_constraint f
                  WHERE f.contype = 'f' AND f.conrelid = a.attrelid AND a.attnum = ANY (f.conkey))
ORDER BY 1, 2
