-- The version of the schema, as the metrics role reads it.
SELECT version FROM alumni_stats.schema_version
