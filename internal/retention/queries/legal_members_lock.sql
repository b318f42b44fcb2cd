-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Holds members while they are put on hold, so that nobody deletes them meanwhile, not even a program that knows of no holds.
SELECT count(*) FROM (SELECT FROM alumni.member WHERE id = ANY ($1::uuid[]) ORDER BY id FOR KEY SHARE) m
