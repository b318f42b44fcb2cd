-- Whether a viewer takes part.
SELECT EXISTS (SELECT FROM alumni.member WHERE id = $1 AND state IN ('Active', 'Paused'))
