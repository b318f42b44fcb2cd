-- Shows a member's name to alumni, unless a wider circle sees it already.
INSERT INTO alumni.visibility AS v (member_id, field, audience) VALUES ($1, 'Name', 'Alumni')
ON CONFLICT (member_id, field) DO UPDATE SET audience = excluded.audience WHERE v.audience IN ('Nobody', 'Staff')
