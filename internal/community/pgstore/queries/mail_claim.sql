-- Takes the mails that are due, at most $3 of them, with a lease until $2; a lease that ran out is taken over. Those of events can be many
-- at once: they wait for the others, such as a link with which somebody signs in. The address of one of the staff is not in the store: there
-- is a key to find it by. A mail of an event has none of it when its member has left or paused meanwhile, gets no mail, or has lost the seat.
WITH due AS (
    SELECT id FROM alumni.portal_mail
    WHERE state = 'Waiting' AND not_before <= $1 AND (lease_until IS NULL OR lease_until <= $1)
    ORDER BY event_id IS NOT NULL, not_before, id LIMIT $3 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE alumni.portal_mail p SET lease_until = $2, attempts = p.attempts + 1
    FROM due WHERE p.id = due.id
    RETURNING p.id, p.member_id, p.staff_id, p.kind, p.locale, p.attempts, p.created_at, p.address, p.event_id
)
SELECT p.id, coalesce(p.member_id, p.staff_id), p.kind, p.locale, p.attempts, p.created_at, coalesce(nullif(p.address, ''), c.address, '') AS address,
       r.id AS request, r.received_at, e.id AS event, e.title, e.place, e.starts_at, e.ends_at, e.time_zone, s.address_key
FROM claimed p
LEFT JOIN alumni.contact c ON c.member_id = p.member_id AND c.channel = 'Email'
LEFT JOIN alumni.erasure_request r ON r.member_id = p.member_id
LEFT JOIN alumni.event e ON e.id = p.event_id
  AND EXISTS (SELECT FROM alumni.member m WHERE m.id = p.member_id AND (m.state = 'Active' OR m.state = 'Paused' AND m.paused_until <= $1))
  AND NOT EXISTS (SELECT FROM alumni.suppression n WHERE n.member_id = p.member_id AND n.channel = 'Email' AND (n.expires_at IS NULL OR n.expires_at > $1))
  AND (p.kind <> 'EventSeat' OR e.state = 'Published' AND EXISTS (
      SELECT FROM alumni.event_registration g WHERE g.event_id = p.event_id AND g.recipient_id = p.member_id AND g.state = 'Registered'))
LEFT JOIN alumni.staff s ON s.id = p.staff_id
ORDER BY p.id
