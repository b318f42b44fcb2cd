-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Locks members, in the order of their ids, and waits for those that somebody else holds.
SELECT id FROM alumni.member WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE
