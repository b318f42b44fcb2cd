-- Why no mail is sent to a member, if so.
SELECT reason FROM alumni.suppression WHERE member_id = $1 AND channel = 'Email'
