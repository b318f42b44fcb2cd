-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Posts of campaigns to Slack, Teams and webhooks: one row for each run and destination. Nothing in them is of a person.

-- +goose Up
CREATE TABLE IF NOT EXISTS alumni.broadcast (
    run_id      bigint NOT NULL,                     -- no foreign key, as in alumni.delivery: no role may delete a run
    channel     text NOT NULL CHECK (channel IN ('Slack', 'Teams', 'Webhook')),
    destination text NOT NULL,                       -- its name in the network; the address is in a Secret and never here
    state       text NOT NULL CHECK (state IN ('Planned', 'Claimed', 'Sent', 'Deferred', 'Failed', 'Skipped', 'Expired', 'Unknown')),
    reason      text NOT NULL DEFAULT '',            -- why it is not Sent: a code, never a server's text
    attempts    smallint NOT NULL DEFAULT 0,
    resent      smallint NOT NULL DEFAULT 0,         -- times it was posted again without knowing whether it had arrived
    reply_code  smallint,                            -- the HTTP status of the last answer
    not_before  timestamptz NOT NULL DEFAULT now(),
    lease_owner uuid,
    lease_until timestamptz,
    tried_at    timestamptz,                         -- when the last try began: the limits of a destination count these
    provider_id text,                                -- what the provider calls the request
    sent_at     timestamptz,
    planned_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, channel, destination)
);
CREATE INDEX IF NOT EXISTS broadcast_tried ON alumni.broadcast (channel, destination, tried_at);

CREATE OR REPLACE VIEW alumni_stats.campaign_posts AS
SELECT run_id, channel, destination, state, reason FROM alumni.broadcast;
