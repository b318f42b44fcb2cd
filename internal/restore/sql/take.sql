-- Takes the restore over. No row: it is done, or the database was not made for one.
-- $1: name of the run
UPDATE alumni_operator.restore
SET epoch = epoch + 1, run = $1, failure = '', started_at = coalesce(started_at, now())
WHERE state <> 'Done'
RETURNING epoch, state, backup, taken_at
