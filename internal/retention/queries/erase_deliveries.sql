-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Deletes the log rows of members and counts them into delivery_erased. What was not sent yet will not be; of what
-- was just being sent, nobody knows.
WITH gone AS (
    DELETE FROM alumni.delivery d WHERE d.member_id = ANY ($1::uuid[])
    RETURNING d.run_id, d.channel, d.reason,
              CASE WHEN d.state IN ('Planned', 'Deferred') AND EXISTS (
                       SELECT FROM alumni.delivery_chunk k
                       WHERE k.run_id = d.run_id AND k.channel = d.channel AND d.member_id BETWEEN k.first_member AND k.handed_out
                         AND d.not_before <= k.handed_at AND d.lease_owner IS DISTINCT FROM k.lease_owner) THEN 'Claimed'
                   ELSE d.state END AS state
), counted AS (
    SELECT run_id, channel,
           CASE WHEN state IN ('Planned', 'Deferred') THEN 'Suppressed' WHEN state = 'Claimed' THEN 'Unknown' ELSE state END AS state,
           CASE WHEN state IN ('Planned', 'Deferred', 'Claimed') THEN 'Erased' ELSE reason END AS reason,
           count(*) AS n
    FROM gone GROUP BY 1, 2, 3, 4
), folded AS (
    INSERT INTO alumni.delivery_erased AS e (run_id, channel, state, reason, count)
    SELECT run_id, channel, state, reason, n FROM counted ORDER BY run_id, channel, state, reason
    ON CONFLICT (run_id, channel, state, reason) DO UPDATE SET count = e.count + excluded.count
)
SELECT coalesce(sum(n), 0)::bigint FROM counted
