-- The state of the person behind a live link.
SELECT m.state
FROM alumni.sign_in_link l JOIN alumni.member m ON m.id = l.member_id
WHERE l.token_hash = $1 AND l.used_at IS NULL AND l.expires_at > $2 AND m.state <> 'Withdrawn'
