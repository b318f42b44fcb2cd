-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Addresses of new people.
INSERT INTO alumni.contact (member_id, channel, address, source)
SELECT s.member_id, 'Email', s.email, 'Roster'
  FROM pg_temp.roster_stage s
  JOIN pg_temp.roster_plan p ON p.line = s.line AND p.verdict = 'New'
 WHERE s.email <> '';
