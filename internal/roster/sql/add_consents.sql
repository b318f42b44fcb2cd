-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Consents on paper of changed people. One is recorded when the member has decided nothing for the purpose, or said yes before that
-- day. Whoever withdrew a consent gives it again in the portal, or not at all. Consent to the network makes
-- people who have not joined yet Active. $1 is the run.
WITH given AS (
    INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
    SELECT m.id, c.purpose, 'Given', 'roster', 'Roster', $1, c.decided_at
      FROM pg_temp.roster_stage s
      JOIN pg_temp.roster_plan p ON p.line = s.line AND p.verdict = 'Changed'
      JOIN alumni.member m ON m.id = p.member_id AND m.state <> 'Withdrawn'
     CROSS JOIN LATERAL (VALUES ('Network', s.network_at), ('Newsletter', s.newsletter_at)) c (purpose, decided_at)
      LEFT JOIN alumni.consent_state n ON n.member_id = m.id AND n.purpose = c.purpose
     WHERE c.decided_at IS NOT NULL AND (n.decision IS NULL OR n.decision = 'Given' AND n.decided_at < c.decided_at)
    RETURNING member_id, purpose, decided_at
)
UPDATE alumni.member m
   SET state = 'Active', joined_at = coalesce(m.joined_at, g.decided_at), updated_at = now()
  FROM given g
 WHERE m.id = g.member_id AND g.purpose = 'Network' AND m.state IN ('Listed', 'Invited');
