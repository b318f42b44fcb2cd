-- A member gives thanks for a post at $3.
INSERT INTO alumni.post_reaction (post_id, recipient_id, kind, created_at) VALUES ($1, $2, 'Thanks', $3) ON CONFLICT DO NOTHING
