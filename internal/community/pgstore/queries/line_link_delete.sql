-- Forgets a member's link to LINE; a trigger takes the contact away.
DELETE FROM alumni.line_link WHERE recipient_id = $1
