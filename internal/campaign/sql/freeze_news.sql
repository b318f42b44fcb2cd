-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Notes which posts of members the run $1 tells, at most $2: those whose authors allow it and show their names, that came since the run
-- before of the same campaign, of the last 30 days. A run that is sent again tells what it told.
UPDATE alumni.campaign_run r
SET news_posts = CASE
    WHEN r.resend_of IS NOT NULL THEN coalesce((SELECT f.news_posts FROM alumni.campaign_run f WHERE f.run_name = r.resend_of), '{}')
    ELSE ARRAY(
        SELECT p.id
        FROM alumni.post p CROSS JOIN LATERAL (SELECT * FROM alumni.seen_by_alumni s WHERE s.id = p.recipient_id OFFSET 0) a
        WHERE p.state = 'Published' AND p.newsletter = 'Allowed' AND (a.family_name <> '' OR a.given_name <> '')
          AND p.created_at > now() - interval '30 days'
          AND p.created_at > coalesce((SELECT max(b.started_at) FROM alumni.campaign_run b
                                       WHERE b.campaign_uid = r.campaign_uid AND b.id < r.id AND b.state <> 'Failed'), '-infinity')
        ORDER BY p.created_at DESC, p.id DESC LIMIT $2)
    END
WHERE r.id = $1;
