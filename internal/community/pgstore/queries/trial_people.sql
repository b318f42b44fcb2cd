-- People of a trial with an address, by whom the ways in can be tried: the first $1 who take part, and the first $1 who were
-- not asked yet.
(SELECT m.family_name || ' ' || m.given_name, c.address, m.state
 FROM alumni.member m JOIN alumni.contact c ON c.member_id = m.id AND c.channel = 'Email'
 WHERE m.state = 'Active' ORDER BY m.employee_number LIMIT $1)
UNION ALL
(SELECT m.family_name || ' ' || m.given_name, c.address, m.state
 FROM alumni.member m JOIN alumni.contact c ON c.member_id = m.id AND c.channel = 'Email'
 WHERE m.state IN ('Listed', 'Invited') ORDER BY m.employee_number LIMIT $1)
