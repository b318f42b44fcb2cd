-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Settles rows of a worker that died with them: nobody knows whether they were sent. With Resend they are planned
-- again and counted; with Hold they wait for a person.
-- $1 run, $2 whether to resend, $3 and $4 bounds of the leases of this worker, which is alive
UPDATE alumni.delivery d
SET state = CASE WHEN $2 THEN 'Planned' ELSE 'Unknown' END,
    reason = CASE WHEN $2 THEN '' ELSE 'WorkerLost' END,
    resent = d.resent + CASE WHEN $2 THEN 1 ELSE 0 END,
    lease_owner = NULL,
    lease_until = NULL
WHERE d.ctid = ANY (ARRAY(
      SELECT ctid FROM alumni.delivery
      WHERE run_id = $1 AND state = 'Claimed' AND lease_until < now() AND lease_owner NOT BETWEEN $3 AND $4
      FOR UPDATE SKIP LOCKED));
