-- A page of post_shown.sql: as posts_newest.sql, of kind $6.
SELECT p.*
FROM alumni.post p JOIN alumni.member m ON m.id = p.recipient_id AND m.state IN ('Active', 'Paused')
WHERE p.state = 'Published' AND p.kind = $6 AND (p.created_at, p.id) < ($2::timestamptz, $3::uuid) AND ($5 OR p.recipient_id <> $1)
ORDER BY p.created_at DESC, p.id DESC LIMIT $4
