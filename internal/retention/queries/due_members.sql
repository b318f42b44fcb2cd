-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Members who pass the widest cut-offs of a policy, with the facts from which the rule is found. A cut-off that is
-- null lets nobody pass; so does a fact that is null. Dates come from the calendar, never from interval. Who has just left is not due by
-- any rule while their receipt is still to be mailed.
-- $5: whether the newest log row of each is asked for; $6: the ceiling, which looks at everything that is known;
-- $7: the listing of members; $8: the end of their consent
SELECT m.id, m.state, e.left_on, coalesce(e.employed, false), a.at, w.at, CASE WHEN isfinite(m.created_at) THEN m.created_at END,
       CASE WHEN $5 THEN (SELECT max(coalesce(d.sent_at, d.planned_at)) FROM alumni.delivery d WHERE d.member_id = m.id) END,
       CASE WHEN $8::timestamptz IS NOT NULL
            THEN (SELECT CASE WHEN isfinite(k.decided_at) THEN k.decided_at END FROM alumni.consent_state k
                  WHERE k.member_id = m.id AND k.purpose = 'Network' AND k.decision = 'Withdrawn') END,
       (SELECT min(h.hold) FROM alumni.legal_hold_member h WHERE h.recipient_id = m.id)
FROM alumni.member m
LEFT JOIN (SELECT j.member_id, bool_or(j.left_on IS NULL OR j.left_on = 'infinity') AS employed,
                  CASE WHEN isfinite(max(j.left_on)) THEN max(j.left_on) END AS left_on
           FROM alumni.employment j
           JOIN alumni.member p ON p.id = j.member_id AND p.state NOT IN ('Active', 'Paused') -- others are not asked
           GROUP BY j.member_id) e ON e.member_id = m.id
CROSS JOIN LATERAL (SELECT CASE WHEN isfinite(coalesce(m.last_active_at, m.joined_at))
                                THEN coalesce(m.last_active_at, m.joined_at) END AS at) a
CROSS JOIN LATERAL (SELECT CASE WHEN isfinite(m.withdrawn_at) THEN m.withdrawn_at END AS at) w
WHERE ((m.state NOT IN ('Active', 'Paused') AND NOT e.employed AND e.left_on <= $1)
       OR (m.state IN ('Active', 'Paused') AND a.at < $2)
       OR (m.state = 'Withdrawn' AND w.at < $3)
       OR (m.created_at < $7 AND NOT coalesce(e.employed, false))
       OR ($8 IS NOT NULL AND EXISTS (SELECT FROM alumni.consent_state k
                  WHERE k.member_id = m.id AND k.purpose = 'Network' AND k.decision = 'Withdrawn' AND k.decided_at < $8))
       OR (m.created_at < $6 AND coalesce(a.at < $6, true) AND coalesce(w.at < $6, true)))
  AND NOT EXISTS (SELECT FROM alumni.erasure_request r
                  JOIN alumni.portal_mail p ON p.member_id = r.member_id
                  WHERE r.member_id = m.id AND r.state = 'Open' AND r.received_at > now() - make_interval(secs => $4)
                    AND p.kind = 'WithdrawalReceipt' AND p.state = 'Waiting')
ORDER BY m.id
