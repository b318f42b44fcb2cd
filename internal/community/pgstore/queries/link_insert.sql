-- Records a link that is about to be mailed. The lock makes a withdrawal at the same moment wait, and then see it.
INSERT INTO alumni.sign_in_link (token_hash, member_id, created_at, expires_at)
SELECT $1, m.id, $3, $4
FROM (SELECT id FROM alumni.member WHERE id = $2 AND state <> 'Withdrawn' FOR SHARE) m
