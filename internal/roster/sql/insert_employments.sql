-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Employments of new people.
INSERT INTO alumni.employment (member_id, department, post, joined_on, left_on, departure_reason)
SELECT s.member_id, coalesce(s.department, ''), coalesce(s.post, ''), s.joined_on, s.left_on, coalesce(s.departure_reason, '')
  FROM pg_temp.roster_stage s
  JOIN pg_temp.roster_plan p ON p.line = s.line AND p.verdict = 'New';
