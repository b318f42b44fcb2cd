-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- How a campaign would go: counts of the people it would write to and of those it would not, by reason. The newest of each.

-- +goose Up
CREATE TABLE IF NOT EXISTS alumni.campaign_preview (
    campaign_uid text PRIMARY KEY,
    preview      text NOT NULL,                  -- which of its declarations was looked at
    as_of        timestamptz NOT NULL,           -- the moment at which it would be sent
    counts       jsonb NOT NULL,                 -- people by reason; those to be written to under the empty one
    counted_at   timestamptz NOT NULL DEFAULT now()
);
CREATE OR REPLACE VIEW alumni_stats.campaign_previews AS
SELECT campaign_uid, preview, as_of, counts, counted_at FROM alumni.campaign_preview;
