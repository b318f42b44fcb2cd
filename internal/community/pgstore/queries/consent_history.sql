-- The last lines of a member's ledger, the newest first.
SELECT purpose, decision, text_version, channel, source, decided_at
FROM alumni.consent WHERE member_id = $1 ORDER BY id DESC LIMIT 200
