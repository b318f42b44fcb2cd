-- What became of the newest test send of a campaign.
-- $1: UID of the campaign
SELECT test_send, sent, failed, failure, sent_at FROM alumni_stats.campaign_test_sends WHERE campaign_uid = $1
