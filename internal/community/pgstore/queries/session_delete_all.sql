-- Ends all sessions of a member.
DELETE FROM alumni.session WHERE member_id = $1
