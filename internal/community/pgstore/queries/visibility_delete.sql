-- Hides every field of a member.
DELETE FROM alumni.visibility WHERE member_id = $1
