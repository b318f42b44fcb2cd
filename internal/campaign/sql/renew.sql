-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Keeps the leases of a worker; chunks are locked in the order in which everybody locks them. $1 run, $2 and $3 bounds of its leases,
-- $4 seconds
WITH mine AS MATERIALIZED (
    SELECT channel, first_member FROM alumni.delivery_chunk
    WHERE run_id = $1 AND lease_owner BETWEEN $2 AND $3
    ORDER BY channel, first_member FOR UPDATE
)
UPDATE alumni.delivery_chunk k SET lease_until = now() + make_interval(secs => $4)
FROM mine WHERE k.run_id = $1 AND k.channel = mine.channel AND k.first_member = mine.first_member;
