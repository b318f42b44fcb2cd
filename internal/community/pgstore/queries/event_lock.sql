-- Locks the seats of an event that members can see, and tells whether the member $2 organises it and when registration closes.
SELECT coalesce(e.recipient_id = $2, false), e.state = 'Published', coalesce(e.registration_closes_at, e.starts_at), e.ends_at
FROM alumni.event e WHERE e.id = $1 AND e.state <> 'Draft' FOR NO KEY UPDATE
