-- Campaigns that ran or were looked at, by name; one of them alone where $1 names it. Of several with one name, made one after the other,
-- the newest.
WITH looked AS (
    SELECT DISTINCT ON (name) name, type, campaign_uid, as_of, counted_at, counts
    FROM alumni.campaign_preview WHERE name <> '' AND $1 IN ('', name) ORDER BY name, counted_at DESC
), ran AS (
    SELECT DISTINCT ON (campaign) campaign, type, campaign_uid, id, state, audience, scheduled_at, finished_at
    FROM alumni_stats.campaign_runs WHERE $1 IN ('', campaign) ORDER BY campaign, scheduled_at DESC, id DESC
)
SELECT coalesce(l.name, r.campaign), coalesce(l.type, r.type), coalesce(l.campaign_uid, r.campaign_uid), l.as_of, l.counted_at, l.counts,
       r.id, coalesce(r.state, ''), coalesce(r.audience, 0), r.scheduled_at, r.finished_at
FROM looked l FULL JOIN ran r ON r.campaign = l.name
ORDER BY 1
LIMIT 500
