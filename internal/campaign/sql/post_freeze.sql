-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Writes down where a run posts to, with the run itself. One that is not sent posts nothing either; nor does a trial.
-- Nothing is posted before the run is due, however early its worker started.
-- $1 run, $2 channels and $3 destinations, $4 whether it is a trial
INSERT INTO alumni.broadcast (run_id, channel, destination, state, reason, not_before)
SELECT r.id, u.channel, u.destination,
       CASE WHEN r.state = 'Failed' OR $4 THEN 'Skipped' ELSE 'Planned' END,
       CASE WHEN r.state = 'Failed' THEN r.failure WHEN $4 THEN 'Trial' ELSE '' END,
       greatest(now(), r.scheduled_at)
FROM alumni.campaign_run r
CROSS JOIN unnest($2::text[], $3::text[]) u(channel, destination)
WHERE r.id = $1;
