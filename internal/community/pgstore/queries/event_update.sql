-- Rewrites an event. Its number grows once it is published; the trigger tells those who registered.
UPDATE alumni.event
SET kind = $2, locale = $3, title = $4, place = $5, description = $6, form = $7, online_link = $8, starts_at = $9, ends_at = $10, time_zone = $11,
    capacity = nullif($12::int, 0), registration_closes_at = $13, sequence = sequence + CASE WHEN state = 'Published' THEN 1 ELSE 0 END,
    state = $14, updated_at = $15
WHERE id = $1
