-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Lets a run go on after one pause; a later one is another. $1 run name, $2 when it was paused
UPDATE alumni.campaign_run SET state = 'Sending', failure = '', paused_at = NULL
WHERE run_name = $1 AND state = 'Paused' AND paused_at = $2;
