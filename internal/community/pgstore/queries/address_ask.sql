-- Notes the address that a member wants to be written to. The same one that still waits keeps its moment, and with it the links that were
-- mailed before.
INSERT INTO alumni.address_change AS a (recipient_id, address, requested_at, expires_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (recipient_id) DO UPDATE
    SET requested_at = CASE WHEN a.address = excluded.address AND a.expires_at > excluded.requested_at THEN a.requested_at ELSE excluded.requested_at END,
        address = excluded.address, expires_at = excluded.expires_at, confirmed_at = NULL
