-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- How many members complained about a run, and, where that is more than one, how many it was sent to. $1 run
SELECT c.count, (SELECT count(*) FROM alumni.delivery WHERE run_id = $1 AND state = 'Sent')
FROM alumni.complaint_count c WHERE c.run_id = $1 AND c.count >= 2;
