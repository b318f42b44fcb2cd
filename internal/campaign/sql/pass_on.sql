-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Passes on to the next channel whom one could not reach. What left and came back later is not passed on: it was counted as sent; nor what
-- may have arrived. Whoever waits for the winner of an A/B test goes on waiting. Where a worker is past the member in a chunk of the next
-- channel, the row gets its lease, as if it had an outcome under it: it was not handed out, and is not in doubt when that worker dies.
-- $1 run, $2 the channel, $3 the next, $4 reasons
WITH passed AS (
    UPDATE alumni.delivery d
    SET channel = $3, state = 'Planned', reason = '', attempts = 0, reply_code = NULL, message_id = NULL,
        lease_owner = (SELECT k.lease_owner FROM alumni.delivery_chunk k
                       WHERE k.run_id = $1 AND k.channel = $3 AND d.member_id >= k.first_member AND d.member_id <= k.handed_out AND d.member_id < k.end_member),
        not_before = greatest(now(), (SELECT r.test_until FROM alumni.campaign_run r WHERE r.id = $1 AND r.winner = '' AND d.variant = ''))
    WHERE d.run_id = $1 AND d.channel = $2 AND d.state IN ('Failed', 'Skipped', 'Suppressed') AND d.reason = ANY ($4::text[])
      AND d.sent_at IS NULL AND d.doubt_since IS NULL
      AND NOT EXISTS (SELECT FROM alumni.delivery o WHERE o.run_id = $1 AND o.member_id = d.member_id AND o.step = d.step AND o.channel = $3)
    RETURNING d.member_id, d.not_before
), opened AS (
    UPDATE alumni.delivery_chunk k
    SET not_before = least(k.not_before, (SELECT min(p.not_before) FROM passed p WHERE p.member_id >= k.first_member AND p.member_id < k.end_member))
    WHERE k.run_id = $1 AND k.channel = $3
      AND EXISTS (SELECT FROM passed p WHERE p.member_id >= k.first_member AND p.member_id < k.end_member)
)
SELECT count(*) FROM passed;
