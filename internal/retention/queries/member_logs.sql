-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Log rows of members that are not among those of due_logs.
SELECT count(*)
FROM alumni.delivery d
JOIN alumni.campaign_run r ON r.id = d.run_id
WHERE d.member_id = ANY ($1::uuid[])
  AND (r.state <> 'Sending' AND r.started_at < $2
       AND (r.state = 'Failed' OR d.state IN ('Sent', 'Failed', 'Suppressed', 'Skipped', 'Expired', 'Unknown'))
       AND coalesce(d.sent_at, d.planned_at) < $2) IS NOT TRUE
