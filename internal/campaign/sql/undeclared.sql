-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Settles what a run was to send by channels that the campaign does not name any more, as when somebody changed it before the run was
-- taken up again. $1 run, $2 its channels
WITH undeclared AS (
    UPDATE alumni.delivery d
    SET state = CASE WHEN d.doubt_since IS NULL THEN 'Skipped' ELSE 'Unknown' END,
        reason = CASE WHEN d.doubt_since IS NULL THEN 'NotDeclared' ELSE 'WorkerLost' END
    FROM alumni.delivery_chunk k
    WHERE k.run_id = $1 AND k.channel <> ALL ($2::text[]) AND coalesce(k.lease_until < now(), true)
      AND d.run_id = $1 AND d.channel = k.channel AND d.member_id >= k.first_member AND d.member_id < k.end_member
      AND d.state IN ('Planned', 'Deferred')
)
DELETE FROM alumni.delivery_chunk k WHERE k.run_id = $1 AND k.channel <> ALL ($2::text[]) AND coalesce(k.lease_until < now(), true);
