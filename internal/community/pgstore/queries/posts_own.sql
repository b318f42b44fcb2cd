-- A page of post_shown.sql: the newest posts of $1 before the place ($2, $3), at most $4, hidden ones too.
SELECT p.*
FROM alumni.post p JOIN alumni.member m ON m.id = p.recipient_id AND m.state IN ('Active', 'Paused')
WHERE p.state <> 'Withdrawn' AND p.recipient_id = $1 AND (p.created_at, p.id) < ($2::timestamptz, $3::uuid)
ORDER BY p.created_at DESC, p.id DESC LIMIT $4
