-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Notes what was granted. $1 sender, $2 when the next message may go, $3 the minute of the first count, $4 the counts
UPDATE alumni.send_allowance SET next_at = $2, first_minute = $3, minutes = $4 WHERE sender = $1;
