-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- A mail that was taken and came back was not delivered: the numbers of its run say so. It had left, whatever the ledger says of
-- it: what is still to be sent may have been sent already, by a worker that died or that has not written it down yet. sent_at stays, or
-- is set, and tells the worker's late "sent" (ack.sql) that more is known by now.
-- $1 member, $2 run, $3 channel, $4 reason, $5 the code of the refusal or 0
UPDATE alumni.delivery
SET state = 'Failed', reason = $4, reply_code = coalesce(nullif($5::smallint, 0), reply_code),
    sent_at = coalesce(sent_at, now())
WHERE member_id = $1 AND run_id = $2 AND channel = $3 AND state IN ('Sent', 'Planned', 'Deferred', 'Claimed', 'Unknown');
