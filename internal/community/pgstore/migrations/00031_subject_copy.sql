-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Everything that the store holds of one person, for that person: subject access (GDPR art. 15 and 20, APPI art. 33).
--
-- alumni.subject_copy is made from the classes of 00024, so that no table is forgotten: it has a branch for each column that identifies a
-- member by their identifier. A migration that adds a table or a column ends with SELECT alumni.renew_subject_copy(); a test asks for it.
-- Whoever reads the view names the subject, and so only that person's rows are looked at. It reads what the reader may not, such as the
-- reason for leaving that HR wrote down.

-- +goose Up
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.renew_subject_copy() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    branch record;
    body   text := '';
BEGIN
    FOR branch IN
        WITH known AS (
            SELECT c.oid, c.relname, split_part(obj_description(c.oid, 'pg_class'), ': ', 1) AS category, a.attname, a.attnum, a.atttypid,
                   coalesce(col_description(c.oid, a.attnum), '') LIKE 'identifier%' AND a.atttypid = 'uuid'::regtype AS identifies
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relnamespace = 'alumni'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND coalesce(obj_description(c.oid, 'pg_class'), 'None') !~ '^None'
              AND c.relname NOT LIKE 'legal_hold%' -- whoever may have to be investigated is not warned
        ), subjects AS (
            SELECT oid, relname, category, attname FROM known
            WHERE identifies AND relname <> 'delivery_chunk' -- whose members are bounds of stretches
        ), told AS ( -- hashes of keys and the leases of workers tell nothing of anybody, and another member's identifier is theirs
            SELECT s.oid, s.attname AS subject, (k.attnum - 1) / 40 AS part,
                   string_agg(format('%L, %s', k.attname, CASE WHEN k.identifies AND k.attname <> s.attname
                       THEN format('CASE WHEN r.%1$I = r.%2$I THEN r.%1$I END', k.attname, s.attname) ELSE format('r.%I', k.attname) END), ', ' ORDER BY k.attnum) AS pairs
            FROM subjects s JOIN known k ON k.oid = s.oid
            WHERE k.atttypid <> 'bytea'::regtype AND k.attname NOT LIKE 'lease%'
            GROUP BY 1, 2, 3
        )
        SELECT s.relname, s.category, s.attname,
               (SELECT string_agg('jsonb_build_object(' || t.pairs || ')', ' || ' ORDER BY t.part) FROM told t WHERE t.oid = s.oid AND t.subject = s.attname) AS item
        FROM subjects s
        ORDER BY s.category, s.relname, s.attname
    LOOP
        body := body || CASE body WHEN '' THEN '' ELSE ' UNION ALL ' END
            || format('SELECT r.%I AS subject, %L::text AS category, %L::text AS relation, %s AS item FROM alumni.%I r WHERE r.%I IS NOT NULL', branch.attname, branch.category, branch.relname, branch.item, branch.relname, branch.attname);
    END LOOP;
    EXECUTE 'CREATE OR REPLACE VIEW alumni.subject_copy AS ' || body;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.renew_subject_copy() FROM PUBLIC;
SELECT alumni.renew_subject_copy();
