-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- What is left of a run on some channels: whether workers hold any of it, the seconds until the next of the rest is due (null: none
-- waits), whether the run rests, and, once nothing else is left, whether one of them does not reach somebody whom the next can take over.
-- All of it is seen at one moment.
-- $1 run, $2 channels in order, $3 the reasons for which members are passed on; null when they are not
WITH open AS MATERIALIZED (
    SELECT bool_or(lease_owner IS NOT NULL) AS held, min(not_before) FILTER (WHERE lease_owner IS NULL AND not_before < 'infinity') AS due
    FROM alumni.delivery_chunk WHERE run_id = $1 AND channel = ANY ($2::text[])
)
SELECT coalesce(open.held, false), extract(epoch FROM open.due - now())::float8,
       (SELECT state = 'Paused' FROM alumni.campaign_run WHERE id = $1),
       CASE WHEN $3::text[] IS NOT NULL AND NOT coalesce(open.held, false) AND open.due IS NULL THEN EXISTS (
           SELECT FROM unnest($2::text[]) WITH ORDINALITY this(channel, place)
           JOIN unnest($2::text[]) WITH ORDINALITY next(channel, place) ON next.place = this.place + 1
           JOIN alumni.delivery d ON d.run_id = $1 AND d.channel = this.channel
           WHERE d.state IN ('Failed', 'Skipped', 'Suppressed') AND d.reason = ANY ($3::text[]) AND d.sent_at IS NULL AND d.doubt_since IS NULL
             AND NOT EXISTS (SELECT FROM alumni.delivery o WHERE o.run_id = $1 AND o.member_id = d.member_id AND o.step = d.step AND o.channel = next.channel))
       ELSE false END
FROM open;
