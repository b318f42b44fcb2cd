-- The migrations that the store has.
SELECT coalesce(max(version_id), 0) FROM alumni.schema_migration WHERE is_applied
