-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Log rows as in due_logs, older than one cut-off and not than another, and not on hold.
SELECT count(*)
FROM alumni.delivery d
JOIN alumni.campaign_run r ON r.id = d.run_id
WHERE (r.state <> 'Sending' OR r.deadline + interval '1 day' < $1) AND r.started_at < $1
  AND (r.state <> 'Finished' OR d.state IN ('Sent', 'Failed', 'Suppressed', 'Skipped', 'Expired', 'Unknown'))
  AND coalesce(d.sent_at, d.planned_at) < $1 AND coalesce(d.sent_at, d.planned_at) >= $2
  AND NOT EXISTS (SELECT FROM alumni.legal_hold_member h JOIN alumni.legal_hold l ON l.name = h.hold
                  WHERE h.recipient_id = d.member_id AND 'DeliveryLogs' = ANY (l.categories))
