-- The member wants no mail at all. That is more than a suppression with an end, or one that goes with the address.
INSERT INTO alumni.suppression AS x (member_id, channel, reason, created_at)
VALUES ($1, 'Email', 'Unsubscribed', $2)
ON CONFLICT (member_id, channel) DO UPDATE SET reason = excluded.reason, created_at = excluded.created_at, expires_at = NULL
WHERE x.expires_at IS NOT NULL OR x.reason = 'HardBounce'
