-- The last day on which the warm-up of a sender counted, and how many messages.
-- $1: sender
SELECT day, day_used FROM alumni_stats.send_allowances WHERE sender = $1
