-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Who matches an invitation: everybody who is only listed in the roster. The parameters are those of plan_members.sql.
SELECT m.id, w.channel, w.place, CASE WHEN w.channel <> 'Portal' THEN q.ends END AS ends, /*occasion*/ AS occasion,
       CASE WHEN x.member_id IS NOT NULL THEN 'Suppressed'
            WHEN w.channel = 'Portal' THEN NULL
            WHEN c.member_id IS NULL THEN 'Unreachable'
            WHEN b.today >= $10 OR b.week >= $11 THEN 'Capped'
            WHEN q.ends IS NOT NULL AND $7 THEN 'QuietHours'
       END AS refusal
FROM alumni.member m
CROSS JOIN unnest($3::text[]) WITH ORDINALITY w(channel, place)
LEFT JOIN alumni.contact c ON c.member_id = m.id AND c.channel = w.channel
LEFT JOIN (SELECT DISTINCT s.member_id, v.channel FROM alumni.suppression s JOIN unnest($3::text[]) v(channel)
               ON s.channel = v.channel OR s.reason = 'Complaint' AND v.channel <> 'Portal'
           WHERE s.expires_at IS NULL OR s.expires_at > now()) x ON x.member_id = m.id AND x.channel = w.channel
LEFT JOIN unnest($5::text[], $6::timestamptz[]) q(zone, ends) ON q.zone = m.time_zone
LEFT JOIN busy b ON b.member_id = m.id
/*audience join*/
WHERE m.state = 'Listed' AND $2::text IS NULL AND $4::text IS NULL
  AND /*audience where*/
