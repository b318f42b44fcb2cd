-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Freezes the audience of a run that a trigger began, and notes what each member is written for: nobody is written for it again.
WITH busy AS (/*busy*/), plan AS MATERIALIZED (/*plan*/), frozen AS (
    INSERT INTO alumni.delivery (run_id, member_id, step, channel, state, reason, not_before)
    SELECT $1, p.id, 1, p.channel,
           CASE WHEN p.refusal IS NULL THEN 'Planned'
                WHEN p.refusal IN ('Paused', 'Unreachable', 'Capped', 'QuietHours') THEN 'Skipped'
                ELSE 'Suppressed' END,
           coalesce(p.refusal, ''), coalesce(p.ends, greatest(now(), $12))
    FROM plan p)
INSERT INTO alumni.occasion (recipient_id, kind, occasion, run_id)
SELECT DISTINCT p.id, $4, p.occasion, $1 FROM plan p WHERE p.refusal IS NULL
