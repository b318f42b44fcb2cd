-- Locks a post of somebody else that the viewer $2 sees, for thanks and reports.
SELECT p.id FROM alumni.post p
JOIN alumni.member m ON m.id = p.recipient_id AND m.state IN ('Active', 'Paused')
WHERE p.id = $1 AND p.recipient_id <> $2 AND p.state = 'Published' FOR NO KEY UPDATE OF p
