-- The first rows that the newest ended import did not take.
-- $1: how many
SELECT line, field, reason FROM alumni_stats.roster_quarantine
WHERE import_id = (SELECT id FROM alumni_stats.roster_imports WHERE state <> 'Running' ORDER BY id DESC LIMIT 1)
ORDER BY line LIMIT $1
