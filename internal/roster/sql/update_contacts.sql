-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Addresses of changed people. An address that a member gave or verified stays.
INSERT INTO alumni.contact AS c (member_id, channel, address, source)
SELECT m.id, 'Email', s.email, 'Roster'
  FROM pg_temp.roster_stage s
  JOIN pg_temp.roster_plan p ON p.line = s.line AND p.verdict = 'Changed'
  JOIN alumni.member m ON m.id = p.member_id AND m.state <> 'Withdrawn'
 WHERE s.email <> ''
ON CONFLICT (member_id, channel) DO UPDATE SET address = excluded.address
 WHERE c.source = 'Roster' AND c.verified_at IS NULL AND c.address <> excluded.address;
