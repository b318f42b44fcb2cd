-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Notes failures and complaints of members who were locked before, and suppresses what follows from them. Only a report
-- about a mail that the ledger knows counts, and only the first of its kind.
-- An address that does not exist and a complaint suppress at once. Soft bounces do when $6 of the last $7 days stand
-- without a success between them, for $8 days. A success is a mail that was sent $9 days ago or earlier, by when a
-- report would have come, and still counts as sent.
-- A suppression without an end is never changed, but that a complaint outlives the address that bounced; one with an end gives way.
-- $1 members, $2 runs, $3 kinds, $4 statuses, $5 channel
WITH told AS MATERIALIZED (
    SELECT DISTINCT ON (d.member_id, d.run_id, t.kind) d.member_id, d.run_id, t.kind, t.status
    FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[]) AS t(member_id, run_id, kind, status)
    JOIN alumni.delivery d ON d.run_id = t.run_id AND d.member_id = t.member_id AND d.channel = $5
    ORDER BY d.member_id, d.run_id, t.kind
), added AS (
    INSERT INTO alumni.bounce (recipient_id, run_id, kind, status)
    SELECT member_id, run_id, kind, status FROM told
    ON CONFLICT (recipient_id, run_id, kind) DO NOTHING
    RETURNING recipient_id AS member_id, run_id, kind
), counted AS (
    INSERT INTO alumni.complaint_count AS c (run_id, count)
    SELECT r.id, count(*) FROM added a JOIN alumni.campaign_run r ON r.id = a.run_id WHERE a.kind = 'Complaint' GROUP BY r.id
    ON CONFLICT (run_id) DO UPDATE SET count = c.count + excluded.count
), forgotten AS (
    DELETE FROM alumni.bounce b USING added a
    WHERE b.recipient_id = a.member_id AND b.kind = 'SoftBounce' AND b.noted_at <= now() - make_interval(days => $7)
), fresh AS (
    SELECT member_id, bool_or(kind = 'Complaint') AS complained, bool_or(kind = 'HardBounce') AS gone,
           count(*) FILTER (WHERE kind = 'SoftBounce') AS soft
    FROM added GROUP BY member_id
), verdicts AS (
    SELECT f.member_id,
           CASE WHEN f.complained THEN 'Complaint'
                WHEN f.gone THEN 'HardBounce'
                WHEN f.soft > 0 AND f.soft + (
                    SELECT count(*) FROM alumni.bounce b
                    WHERE b.recipient_id = f.member_id AND b.kind = 'SoftBounce'
                      AND b.noted_at > greatest(now() - make_interval(days => $7), (
                          SELECT max(d.sent_at) FROM alumni.delivery d
                          WHERE d.member_id = f.member_id AND d.channel = $5 AND d.state = 'Sent'
                            AND d.sent_at <= now() - make_interval(days => $9)))) >= $6::int THEN 'SoftBounce'
           END AS reason
    FROM fresh f
)
INSERT INTO alumni.suppression AS x (member_id, channel, reason, expires_at)
SELECT member_id, $5, reason, CASE WHEN reason = 'SoftBounce' THEN now() + make_interval(days => $8) END
FROM verdicts WHERE reason IS NOT NULL
ORDER BY member_id
ON CONFLICT (member_id, channel) DO UPDATE
SET reason = excluded.reason, created_at = excluded.created_at, expires_at = excluded.expires_at
WHERE x.expires_at IS NOT NULL OR x.reason = 'HardBounce' AND excluded.reason = 'Complaint';
