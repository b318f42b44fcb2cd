-- The newest notices of a member before $2, at most $3.
SELECT id, locale, title, '' AS body, created_at, seen_at IS NOT NULL AS seen, kind, event_id
FROM alumni.notice WHERE recipient_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
