-- A page of post_shown.sql: the post $2, if $1 may see it.
SELECT p.*
FROM alumni.post p JOIN alumni.member m ON m.id = p.recipient_id AND m.state IN ('Active', 'Paused')
WHERE p.id = $2 AND (p.state = 'Published' OR p.state = 'Hidden' AND p.recipient_id = $1)
