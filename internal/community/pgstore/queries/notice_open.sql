-- Opens a notice of a member at $3: the first time is noted.
WITH opened AS (
    UPDATE alumni.notice SET seen_at = $3 WHERE id = $2 AND recipient_id = $1 AND seen_at IS NULL
)
SELECT id, locale, title, body, created_at, true AS seen, kind, event_id FROM alumni.notice WHERE id = $2 AND recipient_id = $1
