-- Keeps an answer. $2 is the member of a named survey, and null of an anonymous one.
INSERT INTO alumni.survey_answer (campaign_uid, recipient_id, answers) SELECT campaign_uid, $2::uuid, $3::jsonb FROM alumni.campaign_run WHERE id = $1
