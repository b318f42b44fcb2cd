-- How many people there are in each state.
SELECT listed, invited, active, paused, withdrawn FROM alumni_stats.members
