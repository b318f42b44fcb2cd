-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Lets a run rest, of which too much went wrong. $1 run, $2 reason code
UPDATE alumni.campaign_run SET state = 'Paused', failure = $2, paused_at = clock_timestamp() WHERE id = $1 AND state = 'Sending';
