-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- A/B tests of campaigns: which text each member of a test got, and which one the others get. And mails by which people who are no
-- members look a campaign over.

-- +goose Up
ALTER TABLE alumni.delivery ADD COLUMN IF NOT EXISTS variant text NOT NULL DEFAULT '';   -- of the test; empty outside it
CREATE INDEX IF NOT EXISTS delivery_variant ON alumni.delivery (run_id, variant) WHERE variant <> '';

ALTER TABLE alumni.campaign_run ADD COLUMN IF NOT EXISTS test_until timestamptz;         -- when the winner is decided; null without a test
ALTER TABLE alumni.campaign_run ADD COLUMN IF NOT EXISTS winner text NOT NULL DEFAULT ''; -- decided once

CREATE OR REPLACE VIEW alumni_stats.campaign_tests AS
SELECT id AS run_id, test_until, winner FROM alumni.campaign_run WHERE test_until IS NOT NULL;

CREATE OR REPLACE VIEW alumni_stats.campaign_variants AS
SELECT d.run_id, d.variant, count(*) FILTER (WHERE d.state = 'Sent') AS sent,
       coalesce((SELECT sum(t.count) FROM alumni.tracking_count t
                 WHERE t.run_id = d.run_id AND t.kind = 'Click' AND t.variant = d.variant), 0)::bigint AS clicked
FROM alumni.delivery d WHERE d.variant <> '' GROUP BY d.run_id, d.variant;

-- What became of the newest test send of each campaign: counts, and of nobody.
CREATE TABLE IF NOT EXISTS alumni.campaign_test_send (
    campaign_uid text PRIMARY KEY,
    test_send    text NOT NULL,                  -- which one
    sent         bigint NOT NULL,                -- mails that the mail server took
    failed       bigint NOT NULL,
    failure      text NOT NULL DEFAULT '',       -- why none was sent: a code
    sent_at      timestamptz NOT NULL DEFAULT now()
);
CREATE OR REPLACE VIEW alumni_stats.campaign_test_sends AS
SELECT campaign_uid, test_send, sent, failed, failure, sent_at FROM alumni.campaign_test_send;
