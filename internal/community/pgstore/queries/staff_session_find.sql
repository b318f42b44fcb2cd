-- Who is behind a live session.
SELECT s.id, s.address_key, t.seen_at
FROM alumni.staff_session t JOIN alumni.staff s ON s.id = t.staff_id
WHERE t.token_hash = $1 AND t.expires_at > $2
