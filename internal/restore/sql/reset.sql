-- Another backup is asked for than the one that was restored and never opened: that one is thrown away.
-- $1: epoch of the run
UPDATE alumni_operator.restore SET state = 'Empty', backup = '', taken_at = NULL, rows = 0 WHERE epoch = $1 AND state = 'Restored'
