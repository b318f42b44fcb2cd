-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The same facts for members that are locked, read anew, with what tombstones are made of.
SELECT m.id, m.state, e.left_on, coalesce(e.employed, false), a.at, w.at, m.employee_number, c.address
FROM alumni.member m
LEFT JOIN LATERAL (SELECT bool_or(j.left_on IS NULL) AS employed,
                          CASE WHEN isfinite(max(j.left_on)) THEN max(j.left_on) END AS left_on
                   FROM alumni.employment j WHERE j.member_id = m.id) e ON true
LEFT JOIN alumni.contact c ON c.member_id = m.id AND c.channel = 'Email'
CROSS JOIN LATERAL (SELECT CASE WHEN isfinite(coalesce(m.last_active_at, m.joined_at))
                                THEN coalesce(m.last_active_at, m.joined_at) END AS at) a
CROSS JOIN LATERAL (SELECT CASE WHEN isfinite(m.withdrawn_at) THEN m.withdrawn_at END AS at) w
WHERE m.id = ANY ($1::uuid[])
  AND NOT EXISTS (SELECT FROM alumni.erasure_request r
                  JOIN alumni.portal_mail p ON p.member_id = r.member_id
                  WHERE r.member_id = m.id AND r.state = 'Open' AND r.received_at > now() - make_interval(secs => $2)
                    AND p.kind = 'WithdrawalReceipt' AND p.state = 'Waiting')
ORDER BY m.id
