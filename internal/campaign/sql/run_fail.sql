-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Ends a run that cannot be. $1 run, $2 reason code
UPDATE alumni.campaign_run SET state = 'Failed', failure = $2, finished_at = now() WHERE id = $1;
