-- A member tells something at $7.
INSERT INTO alumni.post (id, recipient_id, kind, body, locale, newsletter, created_at)
VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN 'Allowed' ELSE 'NotAllowed' END, $7)
