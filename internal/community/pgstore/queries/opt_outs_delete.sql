-- The member wants to be written to for every occasion but these.
DELETE FROM alumni.opt_out WHERE recipient_id = $1 AND kind <> ALL($2::text[])
