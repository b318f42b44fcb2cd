-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Everybody, in the order of ids, with the first of their holds.
SELECT m.id, (SELECT min(h.hold) FROM alumni.legal_hold_member h WHERE h.recipient_id = m.id) FROM alumni.member m ORDER BY m.id
