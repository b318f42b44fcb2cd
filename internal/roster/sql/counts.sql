-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Sums the plan up.
SELECT count(*) FILTER (WHERE verdict = 'New'), count(*) FILTER (WHERE verdict = 'Changed'),
       count(*) FILTER (WHERE verdict = 'Unchanged'), count(*) FILTER (WHERE verdict = 'Tombstoned'),
       count(*) FILTER (WHERE verdict IN ('DuplicateNumber', 'DuplicateAddress', 'NotALeaver'))
  FROM pg_temp.roster_plan;
