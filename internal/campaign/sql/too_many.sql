-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Takes back every row of a run that is larger than its campaign allows; the rows stay, so that the numbers add up.
-- $1 run
UPDATE alumni.delivery SET state = 'Skipped', reason = 'TooManyRecipients' WHERE run_id = $1 AND state = 'Planned';
