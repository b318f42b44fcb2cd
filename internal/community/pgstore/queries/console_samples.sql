-- The texts of a campaign as invented people get them, without the texts themselves.
SELECT ARRAY(SELECT s - 'html' - 'text' FROM jsonb_array_elements(p.samples) WITH ORDINALITY e (s, number) ORDER BY number)
FROM alumni.campaign_preview p WHERE p.name = $1 ORDER BY p.counted_at DESC LIMIT 1
