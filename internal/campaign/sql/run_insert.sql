-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Begins a run, once: the same name a second time inserts nothing.
-- $1 run name, $2 campaign UID, $3 campaign, $4 type, $5 purpose or null, $6 generation, $7 due time, $8 seconds until the deadline,
-- $9 and $10 what is learnt of clicks and opens, $11 seconds for which most wait for the winner of an A/B test, or null without one,
-- $12 the run that is sent again, or null
INSERT INTO alumni.campaign_run (run_name, campaign_uid, campaign, type, purpose, generation, state, scheduled_at, deadline, tracked_clicks, tracked_opens,
                                 test_until, resend_of)
VALUES ($1, $2, $3, $4, $5, $6, 'Sending', $7, now() + make_interval(secs => $8::float8 + coalesce($11::float8, 0)), $9, $10,
        greatest(now(), $7) + make_interval(secs => $11::float8), $12)
ON CONFLICT (run_name) DO NOTHING
RETURNING id;
