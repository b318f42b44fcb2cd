-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The first rows that the plan refuses.
SELECT line, verdict FROM pg_temp.roster_plan
 WHERE verdict IN ('DuplicateNumber', 'DuplicateAddress', 'NotALeaver')
 ORDER BY line LIMIT $1;
