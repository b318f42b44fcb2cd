-- Gives a member a seat of the event $1, or the last place among those who wait. Who has either keeps it. The event is locked.
INSERT INTO alumni.event_registration AS r (event_id, recipient_id, state, turn, listed, created_at, changed_at)
SELECT e.id, $2, CASE WHEN e.capacity IS NULL OR s.registered < e.capacity AND s.waiting = 0 THEN 'Registered' ELSE 'Waiting' END, s.next, $3, $4, $4
FROM alumni.event e
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE c.state = 'Registered') AS registered, count(*) FILTER (WHERE c.state = 'Waiting') AS waiting,
           coalesce(max(c.turn), 0) + 1 AS next
    FROM alumni.event_registration c WHERE c.event_id = e.id) s
WHERE e.id = $1
ON CONFLICT (event_id, recipient_id) DO UPDATE
SET state = CASE r.state WHEN 'Cancelled' THEN excluded.state ELSE r.state END,
    turn = CASE r.state WHEN 'Cancelled' THEN excluded.turn ELSE r.turn END,
    listed = excluded.listed, changed_at = excluded.changed_at
RETURNING r.state
