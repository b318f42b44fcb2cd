-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Leases a chunk of which something is due, the one that has waited longest. Nothing is leased once the deadline of the run has passed, or
-- while the run rests.
-- $1 run, $2 channel, $3 the lease, $4 its seconds
UPDATE alumni.delivery_chunk k
SET lease_owner = $3, lease_until = now() + make_interval(secs => $4), leased_at = now(), handed_out = NULL, handed_at = NULL
WHERE k.ctid = (
    SELECT ctid FROM alumni.delivery_chunk
    WHERE run_id = $1 AND channel = $2 AND lease_owner IS NULL AND not_before <= now()
      AND (SELECT r.deadline > now() AND r.state = 'Sending' FROM alumni.campaign_run r WHERE r.id = $1)
    ORDER BY not_before, first_member
    LIMIT 1
    FOR UPDATE SKIP LOCKED)
RETURNING k.first_member, k.end_member;
