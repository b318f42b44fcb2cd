-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Closes the requests of members who are erased, and forgets whose they were.
UPDATE alumni.erasure_request
SET state = 'Erased', member_id = NULL, completed_at = now()
WHERE member_id = ANY ($1::uuid[])
