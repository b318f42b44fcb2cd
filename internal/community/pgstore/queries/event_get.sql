-- Follows event_read: the one with the id $3. Drafts are their organiser's alone, and what was cancelled is for those who had a part in it.
WHERE e.id = $3 AND (e.state = 'Published' OR e.recipient_id = $1 OR e.state = 'Cancelled' AND r.event_id IS NOT NULL)
