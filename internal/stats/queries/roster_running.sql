-- An import that has not ended: the newest, when it is newer than every ended one.
SELECT run_name FROM (SELECT run_name, state FROM alumni_stats.roster_imports ORDER BY id DESC LIMIT 1) newest WHERE state = 'Running'
