-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Locks the members that change, in the order of their ids. A portal that is writing a decision of one of them
-- goes first, and the statements that follow see it.
SELECT count(*) FROM (
    SELECT FROM alumni.member m
      JOIN pg_temp.roster_plan p ON p.member_id = m.id AND p.verdict = 'Changed'
     ORDER BY m.id FOR UPDATE OF m
) locked;
