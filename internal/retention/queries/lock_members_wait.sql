-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Locks members, in the order of their ids, and waits for those that somebody else holds. What it returns is what
-- was true when each lock was got, not when the statement began.
SELECT id, state,
       CASE WHEN isfinite(coalesce(last_active_at, joined_at)) THEN coalesce(last_active_at, joined_at) END,
       CASE WHEN isfinite(withdrawn_at) THEN withdrawn_at END,
       CASE WHEN isfinite(created_at) THEN created_at END,
       employee_number
FROM alumni.member
WHERE id = ANY ($1::uuid[])
ORDER BY id
FOR UPDATE
