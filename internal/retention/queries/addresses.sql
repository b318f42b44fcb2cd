-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The addresses of locked members, for their tombstones.
SELECT member_id, address FROM alumni.contact WHERE member_id = ANY ($1::uuid[]) AND channel = 'Email'
