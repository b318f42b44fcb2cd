-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Further employments of people who came back. Those that update_employments found are there by now.
INSERT INTO alumni.employment (member_id, department, post, joined_on, left_on, departure_reason)
SELECT m.id, coalesce(s.department, ''), coalesce(s.post, ''), s.joined_on, s.left_on, coalesce(s.departure_reason, '')
  FROM pg_temp.roster_stage s
  JOIN pg_temp.roster_plan p ON p.line = s.line AND p.verdict = 'Changed'
  JOIN alumni.member m ON m.id = p.member_id AND m.state <> 'Withdrawn'
 WHERE NOT EXISTS (
       SELECT FROM alumni.employment e
        WHERE e.member_id = m.id
          AND (e.joined_on IS NOT DISTINCT FROM s.joined_on
               OR daterange(e.joined_on, e.left_on, '[]') && daterange(s.joined_on, s.left_on, '[]')));
