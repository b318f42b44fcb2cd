-- Locks the event $1 of the member $2 that has not begun at $3.
SELECT state FROM alumni.event WHERE id = $1 AND recipient_id = $2 AND state <> 'Cancelled' AND starts_at > $3 FOR NO KEY UPDATE
