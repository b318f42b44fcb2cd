-- The person behind a link, locked before the link is, in the order in which a withdrawal locks.
SELECT m.id, m.state
FROM alumni.sign_in_link l JOIN alumni.member m ON m.id = l.member_id
WHERE l.token_hash = $1
FOR NO KEY UPDATE OF m
