-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- The numbers of a run, from its ledger and from what retention took out of it. $1 run
SELECT state, reason, sum(n)::bigint
FROM (SELECT state, reason, count(*) AS n FROM alumni.delivery WHERE run_id = $1 GROUP BY 1, 2
      UNION ALL
      SELECT state, reason, count FROM alumni.delivery_erased WHERE run_id = $1) c
GROUP BY 1, 2 ORDER BY 1, 2;
