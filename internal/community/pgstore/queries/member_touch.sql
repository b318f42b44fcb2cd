-- Notes activity, at most once an hour. A row that an import or an erasure holds is left for the next time:
-- nobody waits for a page because of it.
UPDATE alumni.member SET last_active_at = $2
WHERE id = (SELECT id FROM alumni.member
            WHERE id = $1 AND (last_active_at IS NULL OR last_active_at < $2::timestamptz - interval '1 hour')
            FOR NO KEY UPDATE SKIP LOCKED)
