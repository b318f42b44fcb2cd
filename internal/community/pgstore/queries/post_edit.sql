-- A member changes what he or she told, at $7. It is marked when what others read changes.
UPDATE alumni.post
SET edited_at = CASE WHEN (kind, body) IS DISTINCT FROM ($3, $4) THEN $7 ELSE edited_at END,
    kind = $3, body = $4, locale = $5, newsletter = CASE WHEN $6 THEN 'Allowed' ELSE 'NotAllowed' END
WHERE id = $1 AND recipient_id = $2 AND state = 'Published'
