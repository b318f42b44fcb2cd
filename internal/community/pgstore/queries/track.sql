-- Counts a reaction to a mail. Of a member with a live consent it is noted, and counts the first time; of others clicks count alone.
-- $1 run, $2 kind, $3 link, $4 variant, $5 the member or null, $6 whether it was a machine's, $7 now
WITH run AS (
    SELECT id FROM alumni.campaign_run WHERE id = $1
), consent AS (
    SELECT member_id FROM alumni.consent_state WHERE member_id = $5 AND purpose = 'Tracking' AND decision = 'Given'
), noted AS (
    INSERT INTO alumni.tracking_event (recipient_id, run_id, kind, link, noted_at)
    SELECT consent.member_id, run.id, $2, $3, $7 FROM run, consent WHERE NOT $6
    ON CONFLICT DO NOTHING
    RETURNING 1
)
INSERT INTO alumni.tracking_count AS t (run_id, kind, link, variant, count, machine)
SELECT id, $2, $3, $4, CASE WHEN $6 THEN 0 ELSE 1 END, CASE WHEN $6 THEN 1 ELSE 0 END
FROM run WHERE $6 OR EXISTS (SELECT FROM noted) OR $2 = 'Click' AND NOT EXISTS (SELECT FROM consent)
ON CONFLICT (run_id, kind, link, variant) DO UPDATE SET count = t.count + excluded.count, machine = t.machine + excluded.machine
