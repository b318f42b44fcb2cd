-- Takes back every consent in force.
INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
SELECT member_id, purpose, 'Withdrawn', 'withdrawal', 'Portal', 'withdrawal', $2
FROM alumni.consent_state WHERE member_id = $1 AND decision = 'Given' ORDER BY purpose
