-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Addresses that HR took out of the roster. An address that a member gave or verified stays.
DELETE FROM alumni.contact c
 USING pg_temp.roster_stage s
  JOIN pg_temp.roster_plan p ON p.line = s.line AND p.verdict = 'Changed'
  JOIN alumni.member m ON m.id = p.member_id AND m.state <> 'Withdrawn'
 WHERE c.member_id = p.member_id AND c.channel = 'Email' AND s.email = '' AND c.source = 'Roster' AND c.verified_at IS NULL;
