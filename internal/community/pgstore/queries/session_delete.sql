-- Ends one session of a member.
DELETE FROM alumni.session WHERE member_id = $1 AND token_hash = $2
