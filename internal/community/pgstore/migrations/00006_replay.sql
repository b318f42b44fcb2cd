-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- After a restore, people who were erased since the backup are erased again. That is a run of its own kind, which follows no
-- policy and leaves no certificate.

-- +goose Up
ALTER TABLE alumni.retention_run
    DROP CONSTRAINT retention_run_kind_check,
    ADD CONSTRAINT retention_run_kind_check CHECK (kind IN ('Scheduled', 'Requests', 'Replay')),
    DROP CONSTRAINT retention_run_state_check,
    ADD CONSTRAINT retention_run_state_check CHECK (state IN ('Planned', 'Executing', 'Verifying', 'Certified', 'Previewed', 'Replayed', 'Failed'));
