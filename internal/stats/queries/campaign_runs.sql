-- The newest runs of a campaign.
-- $1: UID of the campaign; $2: how many
SELECT id, run_name, campaign, type, generation, state, failure, audience, scheduled_at, deadline, started_at, finished_at, unsubscribed
FROM alumni_stats.campaign_runs WHERE campaign_uid = $1 ORDER BY scheduled_at DESC, id DESC LIMIT $2
