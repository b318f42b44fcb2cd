-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Who asked to be erased and must be kept by law for some time does not wait meanwhile, and is seen to when that time is over.

-- +goose Up
ALTER TABLE alumni.erasure_request ADD COLUMN IF NOT EXISTS withheld_until timestamptz;
COMMENT ON COLUMN alumni.erasure_request.withheld_until IS 'technical: Until when the law keeps them.';

CREATE OR REPLACE VIEW alumni_stats.erasure_requests AS
SELECT count(*) AS open, min(received_at) AS oldest_received_at, max(received_at) AS newest_received_at
FROM alumni.erasure_request WHERE state = 'Open' AND (withheld_until IS NULL OR withheld_until <= now());
