-- What a member shows to whom.
SELECT field, audience FROM alumni.visibility WHERE member_id = $1
