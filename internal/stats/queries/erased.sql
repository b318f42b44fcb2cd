-- People erased from this network so far.
SELECT erased FROM alumni_stats.members
