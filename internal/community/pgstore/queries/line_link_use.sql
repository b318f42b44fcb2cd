-- Links the account $2 to the member whose code has the hash $1, as of $3 by our clock and $4 by LINE's. The member is locked first, as by
-- every change, so that somebody who leaves at the same moment is not linked after all. The account of somebody else is refused here, and at
-- the same moment by the trigger's contact, whose address is unique.
WITH waiting AS (
    SELECT m.id
    FROM alumni.line_link l JOIN alumni.member m ON m.id = l.recipient_id
    WHERE l.code_hash = $1 AND l.expires_at > $3 AND m.state IN ('Active', 'Paused')
    FOR NO KEY UPDATE OF m
)
UPDATE alumni.line_link l SET user_id = $2, linked_at = $3, code_hash = NULL, expires_at = NULL, heard_at = $4
FROM waiting
WHERE l.recipient_id = waiting.id AND l.code_hash = $1
  AND NOT EXISTS (SELECT FROM alumni.line_link o WHERE o.user_id = $2)
