-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- When the newest open request came: one that no run has seen yet is seen to at once, and those that runs have tried in
-- vain after growing pauses.

-- +goose Up
CREATE OR REPLACE VIEW alumni_stats.erasure_requests AS
SELECT count(*) AS open, min(received_at) AS oldest_received_at, max(received_at) AS newest_received_at
FROM alumni.erasure_request WHERE state = 'Open';
