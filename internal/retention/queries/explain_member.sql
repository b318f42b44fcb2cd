-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Everything that the rules ask of one member, the oldest and newest of their log rows, their open request to be erased,
-- and the holds that they and their log rows are on.
SELECT m.id, m.state,
       (SELECT CASE WHEN isfinite(max(j.left_on)) THEN max(j.left_on) END FROM alumni.employment j WHERE j.member_id = m.id),
       EXISTS (SELECT FROM alumni.employment j WHERE j.member_id = m.id AND (j.left_on IS NULL OR j.left_on = 'infinity')),
       CASE WHEN isfinite(coalesce(m.last_active_at, m.joined_at)) THEN coalesce(m.last_active_at, m.joined_at) END,
       CASE WHEN isfinite(m.withdrawn_at) THEN m.withdrawn_at END,
       CASE WHEN isfinite(m.created_at) THEN m.created_at END,
       (SELECT max(coalesce(d.sent_at, d.planned_at)) FROM alumni.delivery d WHERE d.member_id = m.id),
       (SELECT CASE WHEN isfinite(k.decided_at) THEN k.decided_at END FROM alumni.consent_state k
        WHERE k.member_id = m.id AND k.purpose = 'Network' AND k.decision = 'Withdrawn'),
       (SELECT min(h.hold) FROM alumni.legal_hold_member h WHERE h.recipient_id = m.id),
       (SELECT min(coalesce(d.sent_at, d.planned_at)) FROM alumni.delivery d WHERE d.member_id = m.id),
       (SELECT r.received_at FROM alumni.erasure_request r WHERE r.member_id = m.id AND r.state = 'Open' AND m.state = 'Withdrawn'),
       (SELECT min(h.hold) FROM alumni.legal_hold_member h JOIN alumni.legal_hold l ON l.name = h.hold
        WHERE h.recipient_id = m.id AND 'DeliveryLogs' = ANY (l.categories))
FROM alumni.member m
WHERE m.id = $1
