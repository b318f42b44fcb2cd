-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Who matches an invitation: everybody who is only listed in the roster. The parameters are those of plan_members.sql.
SELECT m.id, q.ends, /*occasion*/ AS occasion,
       CASE WHEN x.member_id IS NOT NULL THEN 'Suppressed'
            WHEN c.member_id IS NULL THEN 'Unreachable'
            WHEN b.today >= $10 OR b.week >= $11 THEN 'Capped'
            WHEN q.ends IS NOT NULL AND $7 THEN 'QuietHours'
       END AS refusal
FROM alumni.member m
LEFT JOIN alumni.contact c ON c.member_id = m.id AND c.channel = $3
LEFT JOIN alumni.suppression x ON x.member_id = m.id AND x.channel = $3 AND (x.expires_at IS NULL OR x.expires_at > now())
LEFT JOIN unnest($5::text[], $6::timestamptz[]) q(zone, ends) ON q.zone = m.time_zone
LEFT JOIN busy b ON b.member_id = m.id
/*audience join*/
WHERE m.state = 'Listed' AND $2::text IS NULL AND $4::text IS NULL
  AND /*audience where*/
