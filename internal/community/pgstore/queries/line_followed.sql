-- The account $1 follows the network's, by LINE's clock since $2. The member is locked first, as by every change.
WITH linked AS (
    SELECT m.id FROM alumni.line_link l JOIN alumni.member m ON m.id = l.recipient_id WHERE l.user_id = $1 FOR NO KEY UPDATE OF m
), heard AS (
    UPDATE alumni.line_link l SET heard_at = $2 FROM linked
    WHERE l.recipient_id = linked.id AND l.user_id = $1 AND (l.heard_at IS NULL OR l.heard_at < $2) RETURNING l.recipient_id
)
DELETE FROM alumni.suppression s USING heard WHERE s.member_id = heard.recipient_id AND s.channel = 'LINE' AND s.reason = 'Unfollowed'
