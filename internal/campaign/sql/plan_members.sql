-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Who matches a campaign that needs consent: everybody who joined the network, with the reason why not where there is one.
-- People who are only listed in the roster are no members: nothing is written of them. One row for each channel: who complained about a mail
-- is not written to by LINE either. Nobody is woken by the portal, so neither caps nor quiet hours hold for it.
-- $1 run, $2 purpose, $3 channels, $4 kind of occasion or null, $5 zones where it is quiet and $6 until when, $7 whether quiet
-- leaves out, $8 beginning of the day and $9 of the seven days, $10 most messages in a day and $11 in seven, $12 when the
-- run is due; further parameters belong to the audience.
SELECT m.id, w.channel, w.place, CASE WHEN w.channel <> 'Portal' THEN q.ends END AS ends, /*occasion*/ AS occasion,
       CASE WHEN m.state = 'Withdrawn' THEN 'Withdrawn'
            WHEN m.state = 'Paused' AND coalesce(m.paused_until > now(), true) THEN 'Paused'
            WHEN s.member_id IS NULL THEN 'NoConsent'
            WHEN x.member_id IS NOT NULL THEN 'Suppressed'
            WHEN y.recipient_id IS NOT NULL THEN 'OptedOut'
            WHEN w.channel = 'Portal' THEN NULL
            WHEN c.member_id IS NULL THEN 'Unreachable'
            WHEN b.today >= $10 OR b.week >= $11 THEN 'Capped'
            WHEN q.ends IS NOT NULL AND $7 THEN 'QuietHours'
       END AS refusal
FROM alumni.member m
CROSS JOIN unnest($3::text[]) WITH ORDINALITY w(channel, place)
LEFT JOIN alumni.contact c ON c.member_id = m.id AND c.channel = w.channel
LEFT JOIN alumni.consent_state s ON s.member_id = m.id AND s.purpose = $2 AND s.decision = 'Given'
LEFT JOIN (SELECT DISTINCT s.member_id, v.channel FROM alumni.suppression s JOIN unnest($3::text[]) v(channel)
               ON s.channel = v.channel OR s.reason = 'Complaint' AND v.channel <> 'Portal'
           WHERE s.expires_at IS NULL OR s.expires_at > now()) x ON x.member_id = m.id AND x.channel = w.channel
LEFT JOIN alumni.opt_out y ON y.recipient_id = m.id AND y.kind = $4
LEFT JOIN unnest($5::text[], $6::timestamptz[]) q(zone, ends) ON q.zone = m.time_zone
LEFT JOIN busy b ON b.member_id = m.id
/*audience join*/
WHERE m.state IN ('Active', 'Paused', 'Withdrawn')
  AND /*audience where*/
