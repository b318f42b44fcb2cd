-- Hides a comment that $2 members have reported.
UPDATE alumni.post_comment SET state = 'Hidden' WHERE id = $1 AND state = 'Published'
AND (SELECT count(*) FROM alumni.post_report r JOIN alumni.member m ON m.id = r.recipient_id AND m.state IN ('Active', 'Paused') WHERE r.comment_id = $1) >= $2
