-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Deletes the next log rows of one campaign run that are not on hold, and counts them into delivery_erased. Returns how many were
-- looked at, how many were deleted, and at whom to go on.
WITH picked AS MATERIALIZED (
    SELECT d.run_id, d.member_id, d.step, d.channel
    FROM alumni.delivery d
    JOIN alumni.campaign_run r ON r.id = d.run_id
    WHERE d.run_id = $1 AND d.member_id >= $2
      AND (r.state <> 'Sending' OR r.deadline + interval '1 day' < $3)
      AND (r.state <> 'Finished' OR d.state IN ('Sent', 'Failed', 'Suppressed', 'Skipped', 'Expired', 'Unknown'))
      AND coalesce(d.sent_at, d.planned_at) < $3
      AND NOT EXISTS (SELECT FROM alumni.legal_hold_member h JOIN alumni.legal_hold l ON l.name = h.hold
                      WHERE h.recipient_id = d.member_id AND 'DeliveryLogs' = ANY (l.categories))
    ORDER BY d.run_id, d.member_id, d.step, d.channel
    LIMIT $4
), gone AS (
    DELETE FROM alumni.delivery d USING picked p
    WHERE d.run_id = p.run_id AND d.member_id = p.member_id AND d.step = p.step AND d.channel = p.channel
    RETURNING d.channel, d.state, d.reason
), counted AS (
    SELECT channel, state, reason, count(*) AS n FROM gone GROUP BY channel, state, reason
), folded AS (
    INSERT INTO alumni.delivery_erased AS e (run_id, channel, state, reason, count)
    SELECT $1, channel, state, reason, n FROM counted ORDER BY channel, state, reason
    ON CONFLICT (run_id, channel, state, reason) DO UPDATE SET count = e.count + excluded.count
)
SELECT (SELECT count(*) FROM picked),
       (SELECT coalesce(sum(n), 0)::bigint FROM counted),
       (SELECT member_id FROM picked ORDER BY member_id DESC LIMIT 1)
