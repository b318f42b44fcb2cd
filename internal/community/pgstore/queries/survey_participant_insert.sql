-- Notes that a member has answered, and neither what nor when. Their row is locked, so that it happens once.
INSERT INTO alumni.survey_participant (campaign_uid, recipient_id) SELECT campaign_uid, $2 FROM alumni.campaign_run WHERE id = $1
