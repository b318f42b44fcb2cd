-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Settles posts to destinations that the campaign does not name any more, as when somebody changed it before the run was
-- taken up again: there is no way to post to them.
-- $1 run, $2 channels and $3 destinations that it names
UPDATE alumni.broadcast b
SET state = CASE WHEN b.state = 'Claimed' THEN 'Unknown' ELSE 'Skipped' END,
    reason = CASE WHEN b.state = 'Claimed' THEN 'WorkerLost' ELSE 'NotDeclared' END,
    lease_owner = NULL,
    lease_until = NULL
WHERE b.run_id = $1
  AND (b.state IN ('Planned', 'Deferred') OR b.state = 'Claimed' AND b.lease_until < now())
  AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) u(channel, destination)
                  WHERE u.channel = b.channel AND u.destination = b.destination);
