-- People by state.
SELECT listed, invited, active, paused, withdrawn, reachable, erased FROM alumni_stats.members
