-- Calls an event off; the trigger tells those who registered.
UPDATE alumni.event SET state = 'Cancelled', sequence = sequence + 1, updated_at = $2 WHERE id = $1
