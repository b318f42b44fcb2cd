-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Gives chunks back whose deliveries were all dealt with, and notes when the next of each is due.
-- $1 run, $2 channel, $3 leases
UPDATE alumni.delivery_chunk k
SET lease_owner = NULL, lease_until = NULL, handed_out = NULL, handed_at = NULL,
    not_before = coalesce((
        SELECT min(d.not_before) FROM alumni.delivery d
        WHERE d.run_id = $1 AND d.channel = $2 AND d.member_id >= k.first_member AND d.member_id < k.end_member
          AND d.state IN ('Planned', 'Deferred')), 'infinity')
WHERE k.run_id = $1 AND k.channel = $2 AND k.lease_owner = ANY ($3::uuid[]);
