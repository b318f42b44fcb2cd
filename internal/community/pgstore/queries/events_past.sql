-- Follows event_read: those that are over, before the one that starts at $3 and has the id $4, at most $5.
WHERE e.state = 'Published' AND e.ends_at <= $2 AND e.starts_at < $2 AND (e.starts_at, e.id) < ($3, $4)
ORDER BY e.starts_at DESC, e.id DESC LIMIT $5
