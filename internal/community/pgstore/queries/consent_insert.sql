-- Adds one line for each decision: $2 and $3 are purposes and decisions, pair by pair.
INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
SELECT $1, d.purpose, d.decision, $4, $5, $6, $7
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS d (purpose, decision, n)
ORDER BY d.n
