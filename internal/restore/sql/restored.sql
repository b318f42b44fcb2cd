-- Every table is as it was backed up.
-- $1: epoch of the run; $2: name of the backup; $3: moment that it shows; $4: rows
UPDATE alumni_operator.restore SET state = 'Restored', backup = $2, taken_at = $3, rows = $4 WHERE epoch = $1 AND state = 'Empty'
