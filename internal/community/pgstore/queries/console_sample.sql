-- One of them, and the campaign that it is of.
SELECT campaign_uid, samples -> $2::int FROM alumni.campaign_preview WHERE name = $1 ORDER BY counted_at DESC LIMIT 1
