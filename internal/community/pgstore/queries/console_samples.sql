-- The texts of a campaign as invented people get them.
SELECT samples FROM alumni.campaign_preview WHERE name = $1 ORDER BY counted_at DESC LIMIT 1
