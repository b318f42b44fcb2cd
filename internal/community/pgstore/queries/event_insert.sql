-- A member's event.
INSERT INTO alumni.event (id, organiser, recipient_id, kind, locale, title, place, description, form, online_link, starts_at, ends_at, time_zone,
                          capacity, registration_closes_at, state, created_at, updated_at)
VALUES ($1, 'Member', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, nullif($13::int, 0), $14, $15, $16, $16)
