-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Campaigns write to members by LINE and in the portal too.

-- +goose Up
ALTER TABLE alumni.delivery DROP CONSTRAINT IF EXISTS delivery_channel_check;
ALTER TABLE alumni.delivery ADD CONSTRAINT delivery_channel_check CHECK (channel IN ('Email', 'LINE', 'Portal')) NOT VALID;

-- Of a provider that knows a message again by its key: since when somebody may have sent it without learning whether it arrived.
ALTER TABLE alumni.delivery ADD COLUMN IF NOT EXISTS doubt_since timestamptz;
ALTER TABLE alumni.delivery_chunk ADD COLUMN IF NOT EXISTS leased_at timestamptz;

COMMENT ON COLUMN alumni.delivery.doubt_since IS 'technical';
COMMENT ON COLUMN alumni.delivery_chunk.leased_at IS 'technical';
