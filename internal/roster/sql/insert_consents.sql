-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Consents on paper of new people. $1 is the run.
INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
SELECT s.member_id, c.purpose, 'Given', 'roster', 'Roster', $1, c.decided_at
  FROM pg_temp.roster_stage s
  JOIN pg_temp.roster_plan p ON p.line = s.line AND p.verdict = 'New'
 CROSS JOIN LATERAL (VALUES ('Network', s.network_at), ('Newsletter', s.newsletter_at)) c (purpose, decided_at)
 WHERE c.decided_at IS NOT NULL;
