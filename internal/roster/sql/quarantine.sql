-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Keeps the rows that were not taken: line, field and reason, never content.
INSERT INTO alumni.roster_quarantine (import_id, line, field, reason)
SELECT $1, line, field, reason FROM unnest($2::bigint[], $3::text[], $4::text[]) AS row (line, field, reason);
