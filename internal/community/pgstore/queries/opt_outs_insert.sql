-- The member does not want to be written to for these occasions. $1 member, $2 occasions, $3 where it was said, $4 now
INSERT INTO alumni.opt_out (recipient_id, kind, source, decided_at)
SELECT $1, unnest($2::text[]), $3, $4 ON CONFLICT (recipient_id, kind) DO NOTHING
