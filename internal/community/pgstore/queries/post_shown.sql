-- What the viewer $1 is shown of the posts of a page, which stands before. A viewer who does not take part is shown none.
SELECT p.id, a.family_name, a.given_name, a.department, a.employer, a.title, p.recipient_id = $1 AS own, p.kind, p.body, p.locale,
       p.newsletter = 'Allowed' AS newsletter, p.state, p.created_at, p.edited_at,
       (SELECT count(*) FROM alumni.post_comment c JOIN alumni.member m ON m.id = c.recipient_id AND m.state IN ('Active', 'Paused')
        WHERE c.post_id = p.id AND c.state = 'Published') AS comments,
       (SELECT count(*) FROM alumni.post_reaction r JOIN alumni.member m ON m.id = r.recipient_id AND m.state IN ('Active', 'Paused')
        WHERE r.post_id = p.id) AS thanks,
       EXISTS (SELECT FROM alumni.post_reaction r WHERE r.recipient_id = $1 AND r.post_id = p.id) AS thanked
FROM page p CROSS JOIN LATERAL (SELECT * FROM alumni.seen_by_alumni s WHERE s.id = p.recipient_id OFFSET 0) a
WHERE EXISTS (SELECT FROM alumni.member v WHERE v.id = $1 AND v.state IN ('Active', 'Paused'))
ORDER BY p.created_at DESC, p.id DESC
