-- A member answers the post $2 at $5, if it is still there.
INSERT INTO alumni.post_comment (id, post_id, recipient_id, body, created_at)
SELECT $1, p.id, $3, $4, $5
FROM alumni.post p JOIN alumni.member m ON m.id = p.recipient_id AND m.state IN ('Active', 'Paused')
WHERE p.id = $2 AND p.state = 'Published'
