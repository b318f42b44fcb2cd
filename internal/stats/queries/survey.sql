-- What a campaign asks, until when, and how many have answered; 0 while they are too few to be told.
-- $1: UID of the campaign
SELECT definition, closes_at, coalesce(answered, 0) FROM alumni_stats.surveys WHERE campaign_uid = $1
