-- Empties what members who are gone wrote of their events, once nobody needs it any more.
UPDATE alumni.event SET description = '', online_link = ''
WHERE organiser = 'Member' AND recipient_id IS NULL AND (ends_at <= $1 OR state <> 'Published') AND (description <> '' OR online_link <> '')
