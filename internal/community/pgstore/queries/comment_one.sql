-- A page of comment_shown.sql: the comment $2, if $1 may see it.
SELECT c.*
FROM alumni.post_comment c JOIN alumni.member m ON m.id = c.recipient_id AND m.state IN ('Active', 'Paused')
WHERE c.id = $2 AND (c.state = 'Published' OR c.state = 'Hidden' AND c.recipient_id = $1)
