-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- A run may be sent again to those whom it did not reach, by a run of its own.

-- +goose Up
ALTER TABLE alumni.campaign_run ADD COLUMN IF NOT EXISTS resend_of text; -- the name of the run; null for a run of the schedule

CREATE OR REPLACE VIEW alumni_stats.campaign_resends AS
SELECT id AS run_id, resend_of FROM alumni.campaign_run WHERE resend_of IS NOT NULL;
