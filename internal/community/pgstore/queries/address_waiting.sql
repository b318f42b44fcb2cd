-- The address that waits for the member to confirm it.
SELECT address, requested_at, expires_at FROM alumni.address_change WHERE recipient_id = $1 AND expires_at > $2
