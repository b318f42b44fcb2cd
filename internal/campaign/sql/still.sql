-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Whether one message that was handed out a while ago may still go out: the same questions as then, and the lease.
-- $1 run, $2 purpose or null for an invitation, $3 channel, $4 the lease, $5 member, $6 the address it was made for, $7 kind of
-- occasion or null, $8 zones where it is quiet
SELECT EXISTS (
    SELECT FROM alumni.delivery d
    JOIN alumni.member m ON m.id = d.member_id
    WHERE d.run_id = $1 AND d.member_id = $5 AND d.channel = $3
      AND d.state IN ('Planned', 'Deferred') AND d.lease_owner IS DISTINCT FROM $4
      AND EXISTS (SELECT FROM alumni.delivery_chunk k WHERE k.run_id = $1 AND k.channel = $3 AND k.lease_owner = $4 AND k.lease_until > now())
      AND ($3 = 'Portal' OR EXISTS (SELECT FROM alumni.contact c WHERE c.member_id = m.id AND c.channel = $3 AND c.address = $6))
      AND NOT (m.state = 'Paused' AND coalesce(m.paused_until > now(), true))
      AND CASE WHEN $2::text IS NULL THEN m.state = 'Listed'
               ELSE m.state NOT IN ('Withdrawn', 'Listed', 'Invited') AND EXISTS (
                   SELECT FROM alumni.consent_state s WHERE s.member_id = m.id AND s.purpose = $2 AND s.decision = 'Given') END
      AND ($3 = 'Portal' OR m.time_zone <> ALL ($8::text[]))
      AND NOT EXISTS (SELECT FROM alumni.opt_out y WHERE y.recipient_id = m.id AND y.kind = $7)
      AND NOT EXISTS (SELECT FROM alumni.suppression x WHERE x.member_id = m.id AND (x.channel = $3 OR x.reason = 'Complaint' AND $3 <> 'Portal')
                        AND (x.expires_at IS NULL OR x.expires_at > now())));
