-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Writes the outcomes of messages. A message that was sent is noted as sent even when the lease was lost meanwhile;
-- every other outcome counts only while the chunk is held under the lease by which it was handed out. The row keeps that lease: an
-- outcome that is written twice changes nothing the second time. A mail that came back before its outcome was written stays
-- failed: what has left once (sent_at) and is Failed is known better than by its sender.
-- It names rows by their place, as a claim does; one that moved meanwhile is not counted, and the statement is run again.
-- $1 run, $2 channel, $3.. one array for each column
WITH outcomes AS MATERIALIZED (
    SELECT u.*, x.place
    FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::smallint[], $8::smallint[], $9::smallint[], $10::text[], $11::float8[],
                $12::timestamptz[])
         AS u(member_id, lease, state, reason, attempts, resent, reply_code, message_id, delay, doubt_since)
    CROSS JOIN LATERAL (
        SELECT o.ctid AS place FROM alumni.delivery o
        WHERE o.run_id = $1 AND o.member_id = u.member_id AND o.channel = $2
        OFFSET 0) x
)
UPDATE alumni.delivery d
SET state = u.state,
    reason = u.reason,
    attempts = d.attempts + u.attempts,
    resent = d.resent + u.resent,
    reply_code = coalesce(nullif(u.reply_code, 0), d.reply_code),
    message_id = coalesce(nullif(u.message_id, ''), d.message_id),
    sent_at = CASE WHEN u.state = 'Sent' THEN now() ELSE d.sent_at END,
    not_before = CASE WHEN u.delay > 0 THEN now() + make_interval(secs => u.delay) ELSE d.not_before END,
    doubt_since = u.doubt_since,
    lease_owner = u.lease
FROM outcomes u
WHERE d.ctid = u.place AND d.lease_owner IS DISTINCT FROM u.lease
  AND (d.state IN ('Planned', 'Deferred')
       AND u.lease IN (SELECT k.lease_owner FROM alumni.delivery_chunk k WHERE k.run_id = $1 AND k.channel = $2 AND k.lease_owner IS NOT NULL)
       OR u.state = 'Sent' AND d.state <> 'Sent' AND NOT (d.state = 'Failed' AND d.sent_at IS NOT NULL));
