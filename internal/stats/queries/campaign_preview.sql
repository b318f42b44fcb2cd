-- How a campaign would go.
-- $1: UID of the campaign
SELECT preview, as_of, counted_at, counts FROM alumni_stats.campaign_previews WHERE campaign_uid = $1
