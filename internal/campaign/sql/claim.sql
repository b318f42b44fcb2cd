-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Hands out the next deliveries of a chunk that are due, to the owner of its lease, and looks again at state, consent, suppression
-- and address of each member: whoever must not be written to any more is settled here, and returned with the reason.
-- Right after an audience was frozen the planner knows nothing of its rows and would guess that there is one. So
-- this statement leaves it no guess to make: a row is updated by its place (ctid).
-- Whoever would be woken now waits until their quiet hours end; nobody is woken by the portal. Nothing is handed out once the deadline of the run has passed.
-- $1 run, $2 purpose or null for an invitation, $3 channel, $4 how many, $5 the lease, $6 its seconds, $7 kind of occasion or
-- null, $8 zones where it is quiet and $9 until when, $10 whether quiet leaves out, $11 first member of the chunk, $12 its
-- end, $13 the member to go on with, $14 whether something is learnt of members who consent to Tracking,
-- $15 whether those are handed out who wait for the winner of an A/B test, $16 whether the text says something of the member's work
WITH picked AS MATERIALIZED (
    SELECT d.ctid AS place, d.member_id, d.step, d.attempts, d.variant, d.doubt_since
    FROM alumni.delivery d
    WHERE d.run_id = $1 AND d.member_id >= $13 AND d.member_id < $12 AND d.channel = $3
      AND d.state IN ('Planned', 'Deferred') AND d.not_before <= now() AND ($15 OR d.variant <> '')
      AND (SELECT r.deadline > now() AND r.state = 'Sending' FROM alumni.campaign_run r WHERE r.id = $1)
    ORDER BY d.member_id
    LIMIT $4
), facts AS MATERIALIZED (
    SELECT p.place, p.member_id, p.step, p.attempts, p.variant, p.doubt_since, f.*
    FROM picked p
    CROSS JOIN LATERAL (
        SELECT m.family_name, m.given_name, m.locale, m.region, e.department, e.post, e.joined_on, e.left_on, c.address, q.ends,
               $14 AND EXISTS (SELECT FROM alumni.consent_state t
                               WHERE t.member_id = m.id AND t.purpose = 'Tracking' AND t.decision = 'Given') AS tracked,
               CASE WHEN m.state = 'Withdrawn' THEN 'Withdrawn'
                    WHEN m.state = 'Paused' AND coalesce(m.paused_until > now(), true) THEN 'Paused'
                    WHEN $2::text IS NULL AND m.state <> 'Listed' THEN 'NotListed'
                    WHEN $2::text IS NOT NULL AND m.state IN ('Listed', 'Invited') THEN 'NoConsent'
                    WHEN $2::text IS NOT NULL AND NOT EXISTS (
                        SELECT FROM alumni.consent_state s
                        WHERE s.member_id = m.id AND s.purpose = $2 AND s.decision = 'Given') THEN 'NoConsent'
                    WHEN EXISTS (SELECT FROM alumni.suppression x WHERE x.member_id = m.id AND (x.channel = $3 OR x.reason = 'Complaint' AND $3 <> 'Portal')
                                 AND (x.expires_at IS NULL OR x.expires_at > now())) THEN 'Suppressed'
                    WHEN EXISTS (SELECT FROM alumni.opt_out y WHERE y.recipient_id = m.id AND y.kind = $7) THEN 'OptedOut'
                    WHEN $3 = 'Portal' THEN NULL
                    WHEN c.address IS NULL THEN 'Unreachable'
                    WHEN q.ends IS NOT NULL THEN 'QuietHours'
               END AS refusal
        FROM alumni.member m
        LEFT JOIN alumni.contact c ON c.member_id = m.id AND c.channel = $3
        LEFT JOIN LATERAL (
            SELECT x.department, x.post, x.joined_on, x.left_on FROM alumni.employment x WHERE $16 AND x.member_id = m.id
            ORDER BY x.left_on DESC NULLS FIRST, x.joined_on DESC NULLS LAST, x.id DESC LIMIT 1) e ON true
        LEFT JOIN unnest($8::text[], $9::timestamptz[]) q(zone, ends) ON q.zone = m.time_zone
        WHERE m.id = p.member_id
        OFFSET 0) f
), handed AS (
    UPDATE alumni.delivery_chunk k
    SET lease_until = now() + make_interval(secs => $6), handed_at = now(),
        handed_out = (SELECT p.member_id FROM picked p ORDER BY p.member_id DESC LIMIT 1)
    WHERE k.run_id = $1 AND k.channel = $3 AND k.first_member = $11 AND k.lease_owner = $5 AND EXISTS (SELECT FROM picked)
    RETURNING true
), refused AS (
    UPDATE alumni.delivery d
    SET state = CASE WHEN f.refusal = 'QuietHours' AND NOT $10 THEN d.state
                     WHEN d.doubt_since IS NOT NULL THEN 'Unknown'
                     WHEN f.refusal IN ('Paused', 'Unreachable', 'QuietHours') THEN 'Skipped'
                     ELSE 'Suppressed' END,
        reason = CASE WHEN f.refusal = 'QuietHours' AND NOT $10 THEN ''
                      WHEN d.doubt_since IS NOT NULL THEN 'NoAnswer'
                      ELSE f.refusal END,
        not_before = CASE WHEN f.refusal = 'QuietHours' THEN f.ends ELSE d.not_before END
    FROM facts f
    WHERE d.ctid = f.place AND f.refusal IS NOT NULL AND d.state IN ('Planned', 'Deferred')
)
SELECT f.member_id, f.attempts, f.refusal IS NOT NULL, coalesce(f.address, ''), f.family_name, f.given_name, f.locale, f.region,
       coalesce(f.department, ''), coalesce(f.post, ''), f.joined_on, f.left_on, f.tracked, f.variant, f.doubt_since, f.step
FROM facts f WHERE EXISTS (SELECT FROM handed)
ORDER BY f.member_id;
