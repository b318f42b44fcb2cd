-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Members who left and wait to be erased. One whose receipt has still to be mailed waits for it, but not for long.
-- $2: whether the newest log row of each is asked for
SELECT m.id,
       EXISTS (SELECT FROM alumni.portal_mail p
               WHERE p.member_id = m.id AND p.kind = 'WithdrawalReceipt' AND p.state = 'Waiting')
       AND r.received_at > now() - make_interval(secs => $1) AS waits,
       CASE WHEN isfinite(m.created_at) THEN m.created_at END,
       CASE WHEN $2 THEN (SELECT max(coalesce(d.sent_at, d.planned_at)) FROM alumni.delivery d WHERE d.member_id = m.id) END,
       (SELECT min(h.hold) FROM alumni.legal_hold_member h WHERE h.recipient_id = m.id)
FROM alumni.erasure_request r
JOIN alumni.member m ON m.id = r.member_id
WHERE r.state = 'Open' AND m.state = 'Withdrawn'
ORDER BY m.id
