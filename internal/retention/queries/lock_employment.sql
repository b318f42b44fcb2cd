-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Locks and reads the employments of locked members, so that a re-hire that is being written is either seen or waits.
-- None can be added: that would need the member's row.
SELECT member_id,
       left_on IS NULL OR left_on = 'infinity',
       CASE WHEN isfinite(left_on) THEN left_on END
FROM alumni.employment
WHERE member_id = ANY ($1::uuid[])
ORDER BY id
FOR UPDATE
