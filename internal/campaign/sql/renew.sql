-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Keeps the leases of a worker. $1 run, $2 and $3 bounds of its leases, $4 seconds
UPDATE alumni.delivery_chunk SET lease_until = now() + make_interval(secs => $4)
WHERE run_id = $1 AND lease_owner BETWEEN $2 AND $3;
