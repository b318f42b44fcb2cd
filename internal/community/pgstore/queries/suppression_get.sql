-- Why no mail is sent to a member, if so, as of $2.
SELECT reason FROM alumni.suppression WHERE member_id = $1 AND channel = 'Email' AND (expires_at IS NULL OR expires_at > $2)
