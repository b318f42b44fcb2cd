-- How far a member's LINE account is linked, as of $2. The code of a link that ended waits for nobody.
SELECT l.linked_at, EXISTS (SELECT FROM alumni.suppression s WHERE s.member_id = $1 AND s.channel = 'LINE' AND s.reason = 'Unfollowed') AS unfollowed,
       CASE WHEN l.expires_at > $2 THEN l.expires_at END AS waiting_until
FROM alumni.line_link l WHERE l.recipient_id = $1
