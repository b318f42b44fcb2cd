-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Log rows of members that are not among those of due_logs.
SELECT count(*)
FROM unnest($1::uuid[]) AS u (id)
JOIN alumni.delivery d ON d.member_id = u.id
JOIN alumni.campaign_run r ON r.id = d.run_id
WHERE ((r.state <> 'Sending' OR r.deadline + interval '1 day' < $2) AND r.started_at < $2
       AND (r.state <> 'Finished' OR d.state IN ('Sent', 'Failed', 'Suppressed', 'Skipped', 'Expired', 'Unknown'))
       AND coalesce(d.sent_at, d.planned_at) < $2) IS NOT TRUE
