-- What a run asks a member who takes part, and whether they have answered.
SELECT s.definition, s.closes_at, m.locale,
       EXISTS (SELECT FROM alumni.survey_participant p WHERE p.campaign_uid = s.campaign_uid AND p.recipient_id = m.id)
FROM alumni.campaign_run r
JOIN alumni.survey s ON s.campaign_uid = r.campaign_uid
JOIN alumni.member m ON m.id = $2 AND m.state IN ('Active', 'Paused')
WHERE r.id = $1
