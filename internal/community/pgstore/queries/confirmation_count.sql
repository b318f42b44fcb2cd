-- Counts one more mail under a key at $2, unless there were $4 since $3. No row means that there were. A key is one row, so that requests at
-- once wait for each other, whichever replica they reached.
INSERT INTO alumni.confirmation_count AS c (key, sent) VALUES ($1, ARRAY[$2::timestamptz])
ON CONFLICT (key) DO UPDATE
    SET sent = coalesce((SELECT array_agg(t ORDER BY t) FROM unnest(c.sent) t WHERE t > $3), '{}') || $2::timestamptz
    WHERE (SELECT count(*) FROM unnest(c.sent) t WHERE t > $3) < $4
