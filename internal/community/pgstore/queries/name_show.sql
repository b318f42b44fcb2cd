-- Shows the name of a member to alumni.
INSERT INTO alumni.visibility (member_id, field, audience) VALUES ($1, 'Name', 'Alumni')
ON CONFLICT (member_id, field) DO UPDATE SET audience = excluded.audience
