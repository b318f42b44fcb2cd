-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The mark of a value, as stager.digest makes it.
CREATE OR REPLACE FUNCTION pg_temp.mark(value text) RETURNS bytea LANGUAGE sql IMMUTABLE
    AS $$ SELECT pg_catalog.substr(pg_catalog.sha256(pg_catalog.convert_to(value, 'UTF8')), 1, 8) $$;
