-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Log rows as in due_logs that are on hold, whatever else keeps them, by the first hold of each.
SELECT h.hold, count(*)
FROM alumni.delivery d
JOIN alumni.campaign_run r ON r.id = d.run_id
JOIN (SELECT m.recipient_id, min(m.hold) AS hold
      FROM alumni.legal_hold_member m JOIN alumni.legal_hold l ON l.name = m.hold AND 'DeliveryLogs' = ANY (l.categories)
      GROUP BY m.recipient_id) h ON h.recipient_id = d.member_id
WHERE (r.state <> 'Sending' OR r.deadline + interval '1 day' < $1) AND r.started_at < $1
  AND (r.state <> 'Finished' OR d.state IN ('Sent', 'Failed', 'Suppressed', 'Skipped', 'Expired', 'Unknown'))
  AND coalesce(d.sent_at, d.planned_at) < $1
GROUP BY h.hold
ORDER BY h.hold
