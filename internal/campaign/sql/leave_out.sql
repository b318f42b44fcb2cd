-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Leaves out whom a channel cannot be used for, but so many. $1 run, $2 channel, $3 to how many members may be written, $4 the reason
UPDATE alumni.delivery d SET state = 'Skipped', reason = $4
WHERE d.ctid = ANY (ARRAY(
    SELECT o.ctid FROM alumni.delivery o
    WHERE o.run_id = $1 AND o.channel = $2 AND o.state IN ('Planned', 'Deferred') AND o.doubt_since IS NULL
    ORDER BY o.member_id OFFSET $3));
