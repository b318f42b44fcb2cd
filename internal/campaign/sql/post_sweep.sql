-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Settles the post to one destination that a dead worker left, or that is too late. Nobody knows whether the dead worker's
-- arrived: with Resend it is planned again and counted; with Hold it waits for a person.
-- $1 run, $2 channel, $3 destination, $4 whether to resend, $5 and $6 bounds of the leases of this worker, which is alive
UPDATE alumni.broadcast b
SET state = CASE WHEN b.state <> 'Claimed' THEN 'Expired' WHEN $4 THEN 'Planned' ELSE 'Unknown' END,
    reason = CASE WHEN b.state <> 'Claimed' THEN b.reason ELSE 'WorkerLost' END,
    resent = b.resent + CASE WHEN b.state = 'Claimed' AND $4 THEN 1 ELSE 0 END,
    lease_owner = NULL,
    lease_until = NULL
WHERE b.ctid = (
      SELECT ctid FROM alumni.broadcast
      WHERE run_id = $1 AND channel = $2 AND destination = $3
        AND (state = 'Claimed' AND lease_until < now() AND lease_owner NOT BETWEEN $5 AND $6
             OR state IN ('Planned', 'Deferred') AND (SELECT deadline <= now() FROM alumni.campaign_run WHERE id = $1))
      FOR UPDATE SKIP LOCKED)
RETURNING b.state;
