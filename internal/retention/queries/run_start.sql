-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Takes the run over: whoever started it earlier holds an older epoch from now on, and is refused.
UPDATE alumni.retention_run
SET epoch = epoch + 1, state = 'Executing', failure = '', plan_hash = CASE WHEN plan_hash = '' THEN $2 ELSE plan_hash END
WHERE id = $1 AND epoch = $3
RETURNING epoch, plan_hash
