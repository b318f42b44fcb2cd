-- The person behind a live session.
SELECT s.member_id, s.seen_at
FROM alumni.session s JOIN alumni.member m ON m.id = s.member_id
WHERE s.token_hash = $1 AND s.expires_at > $2 AND m.state IN ('Active', 'Paused')
