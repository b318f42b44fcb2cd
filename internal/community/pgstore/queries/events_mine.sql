-- Follows event_read: those that the member organises or has a seat of, before the one that starts at $3 and has the id $4, at most $5.
WHERE e.id IN (SELECT own.id FROM alumni.event own WHERE own.recipient_id = $1
               UNION SELECT g.event_id FROM alumni.event_registration g WHERE g.recipient_id = $1 AND g.state <> 'Cancelled')
  AND (e.starts_at, e.id) < ($3, $4)
ORDER BY e.starts_at DESC, e.id DESC LIMIT $5
