-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The employment that a changed row speaks of: the one that began on the same day, else the last that overlaps.
-- A row without LeftOn leaves it open: the person is back, or never left. Another employment that the row now
-- covers was a mistake of an earlier roster and goes, when the row tells both of its days.
WITH target AS (
    SELECT DISTINCT ON (s.line) s.line, e.id, e.member_id
      FROM pg_temp.roster_stage s
      JOIN pg_temp.roster_plan p ON p.line = s.line AND p.verdict = 'Changed'
      JOIN alumni.member m ON m.id = p.member_id AND m.state <> 'Withdrawn'
      JOIN alumni.employment e ON e.member_id = m.id
     WHERE e.joined_on IS NOT DISTINCT FROM s.joined_on
        OR daterange(e.joined_on, e.left_on, '[]') && daterange(s.joined_on, s.left_on, '[]')
     ORDER BY s.line, (e.joined_on IS NOT DISTINCT FROM s.joined_on) DESC, e.left_on DESC NULLS FIRST, e.id DESC
), covered AS (
    DELETE FROM alumni.employment e
     USING target t JOIN pg_temp.roster_stage s ON s.line = t.line AND s.joined_on IS NOT NULL
     WHERE e.member_id = t.member_id AND e.id <> t.id
       AND daterange(e.joined_on, e.left_on, '[]') && daterange(s.joined_on, s.left_on, '[]')
)
UPDATE alumni.employment e
   SET joined_on        = coalesce(s.joined_on, e.joined_on),
       left_on          = s.left_on,
       department       = coalesce(s.department, e.department),
       post             = coalesce(s.post, e.post),
       departure_reason = coalesce(s.departure_reason, e.departure_reason)
  FROM target t JOIN pg_temp.roster_stage s ON s.line = t.line
 WHERE e.id = t.id;
