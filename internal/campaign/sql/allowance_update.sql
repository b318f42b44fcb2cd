-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Notes what was granted. $1 sender, $2 when the next message may go, $3 the minute of the first count, $4 the counts,
-- $5 and $6 the same for parts of a second
UPDATE alumni.send_allowance SET next_at = $2, first_minute = $3, minutes = $4, first_tick = $5, ticks = $6 WHERE sender = $1;
