-- Who is behind a live link.
SELECT s.id, s.address_key
FROM alumni.staff_link l JOIN alumni.staff s ON s.id = l.staff_id
WHERE l.token_hash = $1 AND l.used_at IS NULL AND l.expires_at > $2
