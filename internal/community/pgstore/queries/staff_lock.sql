-- One of the staff, locked so that two requests at once are counted one after the other.
SELECT id FROM alumni.staff WHERE address_key = $1 FOR NO KEY UPDATE
