-- Records a link that is about to be mailed to address $5, unless the member has another one by now. The locks make a
-- withdrawal or a correction at the same moment wait, and then see it.
INSERT INTO alumni.sign_in_link (token_hash, member_id, created_at, expires_at)
SELECT $1, m.id, $3, $4
FROM (SELECT m.id FROM alumni.member m JOIN alumni.contact c ON c.member_id = m.id AND c.channel = 'Email'
      WHERE m.id = $2 AND m.state <> 'Withdrawn' AND c.address = $5 FOR SHARE) m
