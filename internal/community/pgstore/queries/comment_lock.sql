-- Locks a comment of somebody else that the viewer $2 sees, for reports.
SELECT c.id FROM alumni.post_comment c
JOIN alumni.member m ON m.id = c.recipient_id AND m.state IN ('Active', 'Paused')
WHERE c.id = $1 AND c.recipient_id <> $2 AND c.state = 'Published' FOR NO KEY UPDATE OF c
