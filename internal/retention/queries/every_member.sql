-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Everybody, in the order of ids.
SELECT id FROM alumni.member ORDER BY id
