-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Consents on paper of new people. $1 is the run.
INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at)
SELECT s.member_id, 'Network', 'Given', 'roster', 'Roster', $1, s.network_at
  FROM pg_temp.roster_stage s
  JOIN pg_temp.roster_plan p ON p.line = s.line AND p.verdict = 'New'
 WHERE s.network_at IS NOT NULL
UNION ALL
SELECT s.member_id, 'Newsletter', 'Given', 'roster', 'Roster', $1, s.newsletter_at
  FROM pg_temp.roster_stage s
  JOIN pg_temp.roster_plan p ON p.line = s.line AND p.verdict = 'New'
 WHERE s.newsletter_at IS NOT NULL;
