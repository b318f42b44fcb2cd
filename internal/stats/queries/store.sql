-- The server's version without what a distributor added, the schema's version, and the size in bytes.
SELECT split_part(current_setting('server_version'), ' ', 1), v.version, pg_database_size(current_database())
FROM alumni_stats.schema_version v
