-- The newest runs of a campaign. The store of the version before has no column for complaints, and none is counted there.
-- $1: UID of the campaign; $2: how many
SELECT id, run_name, campaign, type, generation, state, failure, audience, scheduled_at, deadline, started_at, finished_at, unsubscribed,
       coalesce((to_jsonb(r) ->> 'complaints')::bigint, 0)
FROM alumni_stats.campaign_runs r WHERE campaign_uid = $1 ORDER BY scheduled_at DESC, id DESC LIMIT $2
