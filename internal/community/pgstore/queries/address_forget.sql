-- Forgets the address that waits for a member to confirm it.
DELETE FROM alumni.address_change WHERE recipient_id = $1
