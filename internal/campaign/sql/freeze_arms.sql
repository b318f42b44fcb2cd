-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Freezes the audience of a run with an A/B test. What becomes of a member is a matter of run and member alone: a hash of both falls
-- below one of the bounds, of 10000. Arm 0 is held out; the next ones get a variant each; the others wait for the winner.
WITH busy AS (/*busy*/), plan AS (/*plan*/), draw AS (
    SELECT p.id, p.channel, p.refusal, p.ends, sha256(convert_to($1::bigint || '/' || p.id, 'UTF8')) AS hash FROM plan p
), arm AS (
    SELECT w.id, w.channel, w.refusal, w.ends,
           CASE WHEN w.refusal IS NULL THEN
               width_bucket(((get_byte(w.hash, 0) * 65536 + get_byte(w.hash, 1) * 256 + get_byte(w.hash, 2))::bigint * 10000 / 16777216)::int, /*bounds*/::int[])
           END AS arm
    FROM draw w
)
INSERT INTO alumni.delivery (run_id, member_id, step, channel, state, reason, variant, not_before)
SELECT $1, a.id, 1, a.channel,
       CASE WHEN a.arm > 0 THEN 'Planned'
            WHEN a.arm = 0 OR a.refusal IN ('Paused', 'Unreachable', 'Capped', 'QuietHours') THEN 'Skipped'
            ELSE 'Suppressed' END,
       CASE WHEN a.arm = 0 THEN 'HeldOut' ELSE coalesce(a.refusal, '') END,
       coalesce((/*variants*/::text[])[a.arm], ''),
       CASE WHEN a.arm > cardinality(/*variants*/::text[]) THEN greatest(a.ends, r.test_until) ELSE coalesce(a.ends, greatest(now(), $12)) END
FROM arm a JOIN alumni.campaign_run r ON r.id = $1
