-- How many seats of an event are taken. Asked once the event is locked.
SELECT count(*) FROM alumni.event_registration WHERE event_id = $1 AND state = 'Registered'
