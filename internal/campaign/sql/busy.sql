-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- How much each member was written lately, or is going to be: by the runs of every campaign, on days of the network's zone.
-- What goes to a member by several channels in one run counts once, and what waits in the portal not at all.
-- A row that may still go out counts until it has, so that no two campaigns promise the same place to themselves; so does one that another
-- channel may take over.
SELECT written.member_id, count(*) FILTER (WHERE written.today) AS today, count(*) AS week
FROM (SELECT d.member_id, bool_or(d.sent_at IS NULL OR d.sent_at >= $8) AS today
      FROM alumni.campaign_run r
      JOIN alumni.delivery d ON d.run_id = r.id
      WHERE r.id IS DISTINCT FROM $1 AND r.deadline >= $9 AND d.channel <> 'Portal'
        AND CASE d.state
                WHEN 'Sent' THEN d.sent_at >= $9
                WHEN 'Unknown' THEN true
                WHEN 'Claimed' THEN true
                WHEN 'Planned' THEN r.state IN ('Sending', 'Paused') AND r.deadline > now()
                WHEN 'Deferred' THEN r.state IN ('Sending', 'Paused') AND r.deadline > now()
                WHEN 'Expired' THEN false
                ELSE r.state IN ('Sending', 'Paused') AND r.deadline > now() AND d.sent_at IS NULL AND d.reason IN (/*unreachable*/)
                     AND EXISTS (SELECT FROM alumni.delivery_chunk k WHERE k.run_id = r.id AND k.channel NOT IN (d.channel, 'Portal'))
                END
      GROUP BY d.member_id, r.id) written
GROUP BY written.member_id
