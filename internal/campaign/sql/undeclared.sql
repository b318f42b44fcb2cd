-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Settles what a run was to send by channels that the campaign does not name any more, as when somebody changed it before the run was
-- taken up again. What a worker that died was handed may have been sent. $1 run, $2 its channels
WITH undeclared AS (
    UPDATE alumni.delivery d
    SET state = CASE WHEN u.doubtful THEN 'Unknown' ELSE 'Skipped' END, reason = CASE WHEN u.doubtful THEN 'WorkerLost' ELSE 'NotDeclared' END
    FROM (SELECT o.ctid AS place,
                 o.doubt_since IS NOT NULL
                 OR coalesce(o.member_id <= k.handed_out AND o.not_before <= k.handed_at AND o.lease_owner IS DISTINCT FROM k.lease_owner, false) AS doubtful
          FROM alumni.delivery_chunk k
          JOIN alumni.delivery o ON o.run_id = $1 AND o.channel = k.channel AND o.member_id >= k.first_member AND o.member_id < k.end_member
          WHERE k.run_id = $1 AND k.channel <> ALL ($2::text[]) AND coalesce(k.lease_until < now(), true)
            AND o.state IN ('Planned', 'Deferred')) u
    WHERE d.ctid = u.place
)
DELETE FROM alumni.delivery_chunk k WHERE k.run_id = $1 AND k.channel <> ALL ($2::text[]) AND coalesce(k.lease_until < now(), true);
