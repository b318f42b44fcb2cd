-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Of locked members, those who wait to be erased.
SELECT member_id FROM alumni.erasure_request WHERE member_id = ANY ($1::uuid[]) AND state = 'Open'
