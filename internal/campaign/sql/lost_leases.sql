-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Settles what was handed out to a worker that died: nobody knows whether it was sent. With Resend it is sent again
-- and counted; with Hold it waits for a person. By LINE and in the portal it arrives once all the same; since when a message by LINE is in
-- doubt is noted, because the keys by which LINE knows messages again do not last. What had an outcome by then has kept the lease.
-- $1 run, $2 channel, $3 whether to resend, $4 and $5 bounds of the leases of this worker, which is alive
WITH dead AS MATERIALIZED (
    SELECT k.ctid AS place, k.first_member, k.handed_out, k.handed_at, k.leased_at, k.lease_owner
    FROM alumni.delivery_chunk k
    WHERE k.run_id = $1 AND k.channel = $2 AND k.lease_until < now() AND k.lease_owner NOT BETWEEN $4 AND $5
    FOR UPDATE SKIP LOCKED
), doubtful AS (
    UPDATE alumni.delivery d
    SET state = CASE WHEN $3 THEN d.state ELSE 'Unknown' END,
        reason = CASE WHEN $3 THEN d.reason ELSE 'WorkerLost' END,
        resent = d.resent + CASE WHEN $3 AND d.channel = 'Email' THEN 1 ELSE 0 END,
        doubt_since = CASE WHEN d.channel = 'LINE' THEN coalesce(d.doubt_since, k.leased_at) END
    FROM dead k
    WHERE d.run_id = $1 AND d.channel = $2 AND d.member_id >= k.first_member AND d.member_id <= k.handed_out
      AND d.state IN ('Planned', 'Deferred') AND d.not_before <= k.handed_at AND d.lease_owner IS DISTINCT FROM k.lease_owner
    RETURNING true
), freed AS (
    UPDATE alumni.delivery_chunk k
    SET lease_owner = NULL, lease_until = NULL, handed_out = NULL, handed_at = NULL, not_before = now()
    FROM dead WHERE k.ctid = dead.place
)
SELECT count(*) FROM doubtful;
