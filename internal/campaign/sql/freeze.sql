-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Freezes the audience of a run into the ledger. Nobody is written to before it is due: $12.
WITH busy AS (/*busy*/), plan AS (/*plan*/)
INSERT INTO alumni.delivery (run_id, member_id, step, channel, state, reason, not_before)
SELECT $1, p.id, /*step*/, p.channel,
       CASE WHEN p.refusal IS NULL THEN 'Planned'
            WHEN p.refusal IN ('Paused', 'Unreachable', 'Capped', 'QuietHours') THEN 'Skipped'
            ELSE 'Suppressed' END,
       coalesce(p.refusal, ''), coalesce(p.ends, greatest(now(), $12))
FROM plan p
