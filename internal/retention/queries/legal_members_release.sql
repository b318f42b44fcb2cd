-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Releases those from a hold whom its list does not name any more.
-- $1: name of the hold; $2: members of the list; $3: when the run was told of them
DELETE FROM alumni.legal_hold_member h
WHERE h.hold = $1 AND EXISTS (SELECT FROM alumni.legal_hold l WHERE l.name = $1 AND l.told_at = $3)
  AND NOT EXISTS (SELECT FROM unnest($2::uuid[]) AS u (id) WHERE u.id = h.recipient_id)
