-- The decisions in force.
SELECT purpose, decision, decided_at FROM alumni.consent_state WHERE member_id = $1
