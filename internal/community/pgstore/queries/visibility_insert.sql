-- Shows fields: $2 and $3 are fields and audiences, pair by pair.
INSERT INTO alumni.visibility (member_id, field, audience)
SELECT $1, v.field, v.audience FROM unnest($2::text[], $3::text[]) AS v (field, audience)
