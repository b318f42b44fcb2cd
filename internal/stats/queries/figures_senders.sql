-- What each sender, and each domain that has limits of its own, has used up.
SELECT sender, hour_used, day, day_used FROM alumni_stats.send_allowances
