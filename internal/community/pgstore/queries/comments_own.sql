-- A page of comment_shown.sql: the newest comments of $1 before the place ($2, $3), at most $4.
SELECT c.*
FROM alumni.post_comment c JOIN alumni.member m ON m.id = c.recipient_id AND m.state IN ('Active', 'Paused')
WHERE c.recipient_id = $1 AND c.state <> 'Withdrawn' AND (c.created_at, c.id) < ($2::timestamptz, $3::uuid)
ORDER BY c.created_at DESC, c.id DESC LIMIT $4
