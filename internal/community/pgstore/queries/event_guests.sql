-- Those who come to the event $2 and may be named to the member $1, in the order of registration after $3, at most $4.
SELECT trim(m.family_name || ' ' || m.given_name), r.turn
FROM alumni.event_registration r
JOIN alumni.event e ON e.id = r.event_id AND e.state = 'Published'
JOIN alumni.member m ON m.id = r.recipient_id AND m.state IN ('Active', 'Paused')
JOIN alumni.visibility n ON n.member_id = m.id AND n.field = 'Name' AND n.audience IN ('Alumni', 'Employees')
WHERE r.event_id = $2 AND r.state = 'Registered' AND r.listed AND r.turn > $3
  AND EXISTS (SELECT FROM alumni.member v WHERE v.id = $1 AND v.state IN ('Active', 'Paused'))
ORDER BY r.turn LIMIT $4
