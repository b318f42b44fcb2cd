-- The store may be opened.
-- $1: epoch of the run; $2: people erased again
UPDATE alumni_operator.restore SET state = 'Done', erased = $2, ended_at = now() WHERE epoch = $1 AND state = 'Restored'
