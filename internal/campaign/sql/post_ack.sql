-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Writes the outcome of a post. One that was sent is noted as sent even when the lease was lost meanwhile; every other outcome
-- counts only while the lease is held under which it was claimed.
-- $1 run, $2 channel, $3 destination, $4 the lease, $5 state, $6 reason, $7 tries and $8 repetitions to add, $9 HTTP status,
-- $10 the provider's id, $11 seconds until the next try
UPDATE alumni.broadcast
SET state = $5,
    reason = $6,
    attempts = attempts + $7,
    resent = resent + $8,
    reply_code = coalesce(nullif($9::smallint, 0), reply_code),
    provider_id = coalesce(nullif($10::text, ''), provider_id),
    sent_at = CASE WHEN $5 = 'Sent' THEN now() ELSE sent_at END,
    not_before = CASE WHEN $5 IN ('Planned', 'Deferred') THEN now() + make_interval(secs => $11) ELSE not_before END,
    lease_owner = NULL,
    lease_until = NULL
WHERE run_id = $1 AND channel = $2 AND destination = $3
  AND (state = 'Claimed' AND lease_owner = $4 OR $5 = 'Sent' AND state <> 'Sent');
