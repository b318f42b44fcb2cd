-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Puts people on hold, also those whom the store does not have: a restore may bring them back.
-- $1: name of the hold; $2: members; $3: when the run was told of them, for one that was told earlier than another changes nothing
INSERT INTO alumni.legal_hold_member (recipient_id, hold)
SELECT DISTINCT u.id, l.name FROM alumni.legal_hold l, unnest($2::uuid[]) AS u (id) WHERE l.name = $1 AND l.told_at = $3
ON CONFLICT DO NOTHING
