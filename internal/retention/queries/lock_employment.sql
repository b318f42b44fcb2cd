-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Locks the employments of members, so that a re-hire that is being written is either seen or waits.
SELECT count(*) FROM (SELECT id FROM alumni.employment WHERE member_id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE) e
