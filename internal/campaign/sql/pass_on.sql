-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Passes on to the next channel whom one could not reach. What left and came back later is not passed on: it was counted as sent; nor what may have arrived.
-- $1 run, $2 the channel, $3 the next, $4 reasons
WITH passed AS (
    UPDATE alumni.delivery d
    SET channel = $3, state = 'Planned', reason = '', attempts = 0, reply_code = NULL, message_id = NULL,
        lease_owner = NULL, not_before = now()
    WHERE d.run_id = $1 AND d.channel = $2 AND d.state IN ('Failed', 'Skipped', 'Suppressed') AND d.reason = ANY ($4::text[])
      AND d.sent_at IS NULL AND d.doubt_since IS NULL
      AND NOT EXISTS (SELECT FROM alumni.delivery o WHERE o.run_id = $1 AND o.member_id = d.member_id AND o.step = d.step AND o.channel = $3)
    RETURNING d.member_id
), opened AS (
    UPDATE alumni.delivery_chunk k SET not_before = least(k.not_before, now())
    WHERE k.run_id = $1 AND k.channel = $3
      AND EXISTS (SELECT FROM passed p WHERE p.member_id >= k.first_member AND p.member_id < k.end_member)
)
SELECT count(*) FROM passed;
