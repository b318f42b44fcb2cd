-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- What workers lease is a chunk of a run's deliveries, not each of them: a delivery is written once when it is planned and once
-- when its outcome is known. See internal/campaign.

-- +goose Up
CREATE TABLE IF NOT EXISTS alumni.delivery_chunk (
    run_id       bigint NOT NULL,                    -- no foreign key, as in alumni.delivery
    channel      text NOT NULL,
    first_member uuid NOT NULL,                      -- its deliveries are those of the members from this id
    end_member   uuid NOT NULL,                      -- to before this one
    not_before   timestamptz NOT NULL,               -- when the next of them is due; infinity when all are settled
    lease_owner  uuid,
    lease_until  timestamptz,
    handed_out   uuid,                               -- the last of them that the owner of the lease was given
    handed_at    timestamptz,
    PRIMARY KEY (run_id, channel, first_member)
) WITH (fillfactor = 50);

-- An outcome that touches no index is written into the page where the delivery stands, as long as there is room.
DROP INDEX IF EXISTS alumni.delivery_claimable;
DROP INDEX IF EXISTS alumni.delivery_leased;
DROP INDEX IF EXISTS alumni.delivery_sent_at;
ALTER TABLE alumni.delivery SET (fillfactor = 50);
