-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Freezes a step into the ledger, for those who are before it, and moves them on to the next. Who rests, is written to enough or would be
-- woken misses this one and stays; whom nothing may be written to any more has left.
-- $13 campaign UID, members before the steps from $14 to $15 that are due on $16, $17 when the step after it is due, or null
WITH busy AS (/*busy*/), plan AS MATERIALIZED (/*plan*/), frozen AS (
    INSERT INTO alumni.delivery (run_id, member_id, step, channel, state, reason, not_before)
    SELECT $1, p.id, $15::int, p.channel,
           CASE WHEN p.refusal IS NULL THEN 'Planned'
                WHEN p.refusal IN ('Paused', 'Unreachable', 'Capped', 'QuietHours') THEN 'Skipped'
                ELSE 'Suppressed' END,
           coalesce(p.refusal, ''), coalesce(p.ends, greatest(now(), $12))
    FROM plan p)
UPDATE alumni.enrolment n
SET step = $15::int + 1, run_id = $1::bigint,
    due_on = CASE WHEN w.stays THEN $17::date END,
    ended = CASE WHEN NOT w.stays THEN 'Refused' WHEN $17::date IS NULL THEN 'Completed' ELSE '' END
FROM (SELECT p.id, bool_or(coalesce(p.refusal IN ('Paused', 'Capped', 'QuietHours'), true)) AS stays FROM plan p GROUP BY p.id) w
WHERE n.campaign_uid = $13 AND n.recipient_id = w.id
