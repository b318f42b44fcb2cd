-- Whether a member shows the name to alumni.
SELECT EXISTS (SELECT FROM alumni.visibility WHERE member_id = $1 AND field = 'Name' AND audience IN ('Alumni', 'Employees'))
