-- The occasions for which a member does not want to be written to.
SELECT kind FROM alumni.opt_out WHERE recipient_id = $1 ORDER BY kind
