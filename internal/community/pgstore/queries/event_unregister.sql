-- Takes a seat or a place back; the trigger hands the seat on.
UPDATE alumni.event_registration SET state = 'Cancelled', changed_at = $3 WHERE event_id = $1 AND recipient_id = $2 AND state <> 'Cancelled'
