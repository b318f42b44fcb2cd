-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Keeps the leases of messages that are still on the wire. $1 run, $2 and $3 bounds of the worker's leases, $4 seconds
UPDATE alumni.delivery SET lease_until = now() + make_interval(secs => $4)
WHERE run_id = $1 AND state = 'Claimed' AND lease_owner BETWEEN $2 AND $3;
