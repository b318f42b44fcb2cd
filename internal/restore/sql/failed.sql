-- Notes why a run came to nothing, unless another has begun since.
-- $1: epoch of the run; $2: code
UPDATE alumni_operator.restore SET failure = $2 WHERE epoch = $1 AND state <> 'Done'
