-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Counts who is on a hold.
-- $1: name of the hold; $2: members of its list; $3: when the run was told of them
UPDATE alumni.legal_hold l
SET members = c.members, unknown_members = c.unknown, unlisted_members = c.unlisted
FROM (SELECT count(m.id) AS members, count(*) - count(m.id) AS unknown, count(*) - count(u.id) AS unlisted
      FROM alumni.legal_hold_member h
      LEFT JOIN alumni.member m ON m.id = h.recipient_id
      LEFT JOIN (SELECT DISTINCT id FROM unnest($2::uuid[]) AS a (id)) u ON u.id = h.recipient_id
      WHERE h.hold = $1) c
WHERE l.name = $1 AND l.told_at = $3
