-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Claims the post of a run to one destination when it is due, under a lease. No other run has posted there for a moment: all
-- workers of a network keep the limit of a destination together. Nothing is claimed once the deadline of the run has passed.
-- $1 run, $2 channel, $3 destination, $4 the lease, $5 its seconds, $6 seconds between two posts to the destination
UPDATE alumni.broadcast b
SET state = 'Claimed', reason = '', lease_owner = $4, lease_until = clock_timestamp() + make_interval(secs => $5), tried_at = clock_timestamp()
WHERE b.ctid = (
      SELECT ctid FROM alumni.broadcast
      WHERE run_id = $1 AND channel = $2 AND destination = $3 AND state IN ('Planned', 'Deferred') AND not_before <= clock_timestamp()
        AND (SELECT r.deadline > now() AND r.state = 'Sending' FROM alumni.campaign_run r WHERE r.id = $1)
        AND NOT EXISTS (SELECT FROM alumni.broadcast o
                        WHERE o.channel = $2 AND o.destination = $3 AND o.tried_at > clock_timestamp() - make_interval(secs => $6))
      FOR UPDATE SKIP LOCKED)
RETURNING b.attempts;
