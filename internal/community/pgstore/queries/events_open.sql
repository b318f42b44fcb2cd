-- How many events of a member are not over at $2.
SELECT count(*) FROM alumni.event WHERE recipient_id = $1 AND state <> 'Cancelled' AND ends_at > $2
