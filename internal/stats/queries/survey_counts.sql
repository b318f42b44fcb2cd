-- How often each value was given to each question of a campaign's survey.
-- $1: UID of the campaign
SELECT question, value, answers FROM alumni_stats.survey_counts WHERE campaign_uid = $1
