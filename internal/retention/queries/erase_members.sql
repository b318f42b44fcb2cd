-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Deletes the members themselves.
DELETE FROM alumni.member WHERE id = ANY ($1::uuid[])
