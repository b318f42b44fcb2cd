-- Forgets addresses that nobody has confirmed in time.
DELETE FROM alumni.address_change WHERE expires_at <= $1
