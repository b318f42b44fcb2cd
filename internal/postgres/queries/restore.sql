-- How far the restore of a backup has come, in a database that was made for one. At most one row.
SELECT state, run, failure, backup, taken_at, rows, erased, started_at, ended_at FROM alumni_operator.restore
