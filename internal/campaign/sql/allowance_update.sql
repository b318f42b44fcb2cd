-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Notes what was granted. $1 sender, $2 when the next message may go, $3 the minute of the first count, $4 the counts,
-- $5 and $6 the same for parts of a second, $7 the day and $8 what was granted on it
UPDATE alumni.send_allowance SET next_at = $2, first_minute = $3, minutes = $4, first_tick = $5, ticks = $6,
    day = date 'epoch' + $7::int, day_used = $8 WHERE sender = $1;
