-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Whether a run was planned before there were chunks. $1 run
SELECT NOT EXISTS (SELECT FROM alumni.delivery_chunk WHERE run_id = $1)
   AND EXISTS (SELECT FROM alumni.delivery WHERE run_id = $1 AND state IN ('Planned', 'Deferred', 'Claimed'));
