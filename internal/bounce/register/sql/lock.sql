-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Lets reports about one member be noted one after another, so that each sees what those before it left, and keeps an
-- erasure waiting until it can see them too. $1 members
SELECT id FROM alumni.member WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE;
