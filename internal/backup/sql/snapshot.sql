-- What a dump and its manifest share: the snapshot, its time, and the versions.
SELECT pg_export_snapshot(), now(), current_setting('server_version_num')::int,
       split_part(current_setting('server_version'), ' ', 1),
       (SELECT coalesce(max(version_id), 0)::bigint FROM alumni.schema_migration WHERE is_applied)
