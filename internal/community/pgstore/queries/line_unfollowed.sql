-- The account $1 blocked the network's, by LINE's clock at $2: nothing is sent to it from $3 on. The member is locked first.
WITH linked AS (
    SELECT m.id FROM alumni.line_link l JOIN alumni.member m ON m.id = l.recipient_id WHERE l.user_id = $1 FOR NO KEY UPDATE OF m
), heard AS (
    UPDATE alumni.line_link l SET heard_at = $2 FROM linked
    WHERE l.recipient_id = linked.id AND l.user_id = $1 AND (l.heard_at IS NULL OR l.heard_at < $2) RETURNING l.recipient_id
)
INSERT INTO alumni.suppression (member_id, channel, reason, created_at)
SELECT recipient_id, 'LINE', 'Unfollowed', $3 FROM heard
ON CONFLICT (member_id, channel) DO NOTHING
