-- A page of post_shown.sql: the newest posts before the place ($2, $3), at most $4; with those of $1 when $5.
SELECT p.*
FROM alumni.post p JOIN alumni.member m ON m.id = p.recipient_id AND m.state IN ('Active', 'Paused')
WHERE p.state = 'Published' AND (p.created_at, p.id) < ($2::timestamptz, $3::uuid) AND ($5 OR p.recipient_id <> $1)
ORDER BY p.created_at DESC, p.id DESC LIMIT $4
