-- Whether the scratch database of a drill is there.
-- $1: its name
SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)
