-- Events as the member $1 sees them at $2. What follows it says which.
SELECT e.id, e.kind, e.locale, e.title, e.place, e.description, e.form,
       CASE WHEN r.state = 'Registered' OR e.recipient_id = v.id THEN e.online_link ELSE '' END,
       e.starts_at, e.ends_at, e.time_zone, coalesce(e.capacity, 0), e.registration_closes_at,
       e.state, e.sequence, e.ends_at <= $2::timestamptz, e.organiser,
       CASE WHEN n.member_id IS NULL THEN '' ELSE trim(o.family_name || ' ' || o.given_name) END,
       e.organiser = 'Member' AND o.id IS NULL, coalesce(e.recipient_id = v.id, false), s.registered, s.waiting,
       coalesce(nullif(r.state, 'Cancelled'), ''), coalesce(r.listed, true),
       CASE WHEN r.state = 'Waiting' THEN (SELECT count(*) FROM alumni.event_registration w
                                           WHERE w.event_id = e.id AND w.state = 'Waiting' AND w.turn <= r.turn) ELSE 0 END
FROM alumni.event e
JOIN alumni.member v ON v.id = $1 AND v.state IN ('Active', 'Paused')
LEFT JOIN alumni.member o ON o.id = e.recipient_id AND o.state IN ('Active', 'Paused')
LEFT JOIN alumni.visibility n ON n.member_id = o.id AND n.field = 'Name' AND n.audience IN ('Alumni', 'Employees')
LEFT JOIN alumni.event_registration r ON r.event_id = e.id AND r.recipient_id = v.id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE c.state = 'Registered') AS registered, count(*) FILTER (WHERE c.state = 'Waiting') AS waiting
    FROM alumni.event_registration c WHERE c.event_id = e.id AND c.state <> 'Cancelled') s
