-- The link was opened by the member; a trigger writes the contact.
UPDATE alumni.address_change SET confirmed_at = $2 WHERE recipient_id = $1
