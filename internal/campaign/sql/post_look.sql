-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- How the post of a run to one destination stands: whether it is claimed, whether it waits, the seconds until either may change,
-- and whether the run rests.
-- $1 run, $2 channel, $3 destination
SELECT b.state = 'Claimed', b.state IN ('Planned', 'Deferred'),
       extract(epoch FROM coalesce(b.lease_until, b.not_before) - now())::float8,
       (SELECT r.state <> 'Sending' FROM alumni.campaign_run r WHERE r.id = $1)
FROM alumni.broadcast b WHERE b.run_id = $1 AND b.channel = $2 AND b.destination = $3;
