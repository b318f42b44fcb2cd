-- Follows event_read: those that are yet to come or go on, after the one that starts at $3 and has the id $4, at most $5. None lasts longer than 31 days.
WHERE e.state = 'Published' AND e.ends_at > $2 AND e.starts_at > $2::timestamptz - interval '31 days' AND (e.starts_at, e.id) > ($3, $4)
ORDER BY e.starts_at, e.id LIMIT $5
