-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Keeps chunks as they are until what is asked next is done: what is passed on into one meanwhile would be overlooked.
-- $1 run, $2 channel, $3 leases, or null for every chunk
SELECT FROM alumni.delivery_chunk
WHERE run_id = $1 AND channel = $2 AND ($3::uuid[] IS NULL OR lease_owner = ANY ($3::uuid[]))
ORDER BY first_member FOR UPDATE;
