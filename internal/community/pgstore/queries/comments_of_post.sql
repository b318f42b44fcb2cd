-- A page of comment_shown.sql: the newest comments to the post $5 before the place ($2, $3) that $1 may see, at most $4.
SELECT c.*
FROM alumni.post_comment c JOIN alumni.member m ON m.id = c.recipient_id AND m.state IN ('Active', 'Paused')
WHERE c.post_id = $5 AND (c.created_at, c.id) < ($2::timestamptz, $3::uuid) AND (c.state = 'Published' OR c.state = 'Hidden' AND c.recipient_id = $1)
ORDER BY c.created_at DESC, c.id DESC LIMIT $4
