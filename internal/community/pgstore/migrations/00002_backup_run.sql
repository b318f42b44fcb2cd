-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The journal of backups and of drills, which restore one to see whether it is whole. It says how the runs went, never
-- what was in them. A backup holds the table without its rows: they speak of the destination, not of the community.

-- +goose Up
CREATE TABLE alumni.backup_run (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_name     text NOT NULL UNIQUE,
    kind         text NOT NULL CHECK (kind IN ('Backup', 'Drill')),
    state        text NOT NULL CHECK (state IN ('Running', 'Succeeded', 'Failed')),
    failure      text NOT NULL DEFAULT '',           -- code when Failed, for example DestinationUnreachable
    backup       text NOT NULL DEFAULT '',           -- name of the backup that was made or restored
    size_bytes   bigint NOT NULL DEFAULT 0,          -- as it lies at the destination
    tables       bigint NOT NULL DEFAULT 0,
    rows         bigint NOT NULL DEFAULT 0,
    pruned       bigint NOT NULL DEFAULT 0,          -- older backups that went
    scheduled_at timestamptz NOT NULL,
    taken_at     timestamptz,                        -- of the snapshot that the backup holds
    started_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz
);

CREATE VIEW alumni_stats.backup_runs AS
SELECT id, run_name, kind, state, failure, backup, size_bytes, tables, rows, pruned, scheduled_at, taken_at, started_at, finished_at
FROM alumni.backup_run;
