-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- What a sender, or a domain that is written to, has used up, and the time by the store's clock, which is the same for every worker. $1 sender
SELECT next_at, first_minute, minutes, first_tick, ticks, day - date 'epoch', day_used, clock_timestamp()
FROM alumni.send_allowance WHERE sender = $1 FOR UPDATE;
