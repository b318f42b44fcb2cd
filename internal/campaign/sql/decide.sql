-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Decides the A/B test of a run, once, when its time has come: the variant that was clicked most for each mail that was sent; of equals
-- the first; and the first of all while any has been sent less than it takes to tell.
-- $1 run, $2 variants in order, $3 the least that must have been sent of each
WITH arm AS (
    SELECT v.variant, v.place,
           (SELECT count(*) FROM alumni.delivery d WHERE d.run_id = $1 AND d.variant = v.variant AND d.state = 'Sent') AS sent,
           (SELECT coalesce(sum(t.count), 0) FROM alumni.tracking_count t
            WHERE t.run_id = $1 AND t.kind = 'Click' AND t.variant = v.variant) AS clicks
    FROM unnest($2::text[]) WITH ORDINALITY v(variant, place)
), best AS (
    SELECT variant FROM arm
    ORDER BY CASE WHEN (SELECT min(sent) FROM arm) >= $3 THEN clicks / greatest(sent, 1) END DESC, place
    LIMIT 1
)
UPDATE alumni.campaign_run SET winner = (SELECT variant FROM best)
WHERE id = $1 AND winner = '' AND test_until <= now();
