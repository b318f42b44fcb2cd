-- The member wants no mail at all.
INSERT INTO alumni.suppression (member_id, channel, reason, created_at)
VALUES ($1, 'Email', 'Unsubscribed', $2) ON CONFLICT (member_id, channel) DO NOTHING
