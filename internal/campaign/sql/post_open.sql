-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- What is left of the posts of a run: whether some are claimed, and whether some wait. $1 run
SELECT count(*) FILTER (WHERE state = 'Claimed') > 0, count(*) FILTER (WHERE state IN ('Planned', 'Deferred')) > 0
FROM alumni.broadcast WHERE run_id = $1;
