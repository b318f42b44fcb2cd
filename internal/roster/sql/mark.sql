-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The mark of a value. member.roster_digest is 16 bytes for the whole row and a mark for each field that members
-- can edit; a value whose mark differs from the one kept there was not written by the roster.
CREATE OR REPLACE FUNCTION pg_temp.mark(value text) RETURNS bytea LANGUAGE sql IMMUTABLE
    AS $$ SELECT pg_catalog.substr(pg_catalog.sha256(pg_catalog.convert_to(value, 'UTF8')), 1, 8) $$;
