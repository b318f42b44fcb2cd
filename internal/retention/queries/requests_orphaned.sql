-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Requests of people who are not in the store any more: nothing is left to do for them.
UPDATE alumni.erasure_request r
SET state = 'Erased', member_id = NULL, completed_at = now()
WHERE r.state = 'Open' AND r.member_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM alumni.member m WHERE m.id = r.member_id)
