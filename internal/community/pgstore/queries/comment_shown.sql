-- What the viewer $1 is shown of the comments of a page, which stands before, the oldest first.
SELECT c.id, c.post_id, a.family_name, a.given_name, a.department, a.employer, a.title, c.recipient_id = $1 AS own, c.body, c.state, c.created_at
FROM page c CROSS JOIN LATERAL (SELECT * FROM alumni.seen_by_alumni s WHERE s.id = c.recipient_id OFFSET 0) a
WHERE EXISTS (SELECT FROM alumni.member v WHERE v.id = $1 AND v.state IN ('Active', 'Paused'))
ORDER BY c.created_at, c.id
