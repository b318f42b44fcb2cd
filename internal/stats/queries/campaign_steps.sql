-- How many members are before each step of a campaign, and how the others ended.
-- $1: UID of the campaign
SELECT step::int, ended, members FROM alumni_stats.campaign_steps WHERE campaign_uid = $1 ORDER BY 1, 2
