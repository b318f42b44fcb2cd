-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- What of the news of the run $1 can be told still, in the order in which it was chosen.
SELECT p.id, a.family_name, a.given_name, left(p.body, 1000)
FROM alumni.campaign_run r
CROSS JOIN LATERAL unnest(r.news_posts) WITH ORDINALITY AS n (post, place)
JOIN alumni.post p ON p.id = n.post AND p.state = 'Published' AND p.newsletter = 'Allowed'
CROSS JOIN LATERAL (SELECT * FROM alumni.seen_by_alumni s WHERE s.id = p.recipient_id OFFSET 0) a
WHERE r.id = $1 AND (a.family_name <> '' OR a.given_name <> '')
ORDER BY n.place;
