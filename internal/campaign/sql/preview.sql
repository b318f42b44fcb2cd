-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Counts whom a run would write to and whom not, by reason, and plans nothing.
WITH busy AS (/*busy*/), plan AS (/*plan*/), counted AS (
    SELECT coalesce(p.refusal, '') AS reason, count(*) AS n FROM plan p GROUP BY 1)
SELECT coalesce(jsonb_object_agg(reason, n), '{}') FROM counted WHERE $12::timestamptz IS NOT NULL
