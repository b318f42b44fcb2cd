-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- How late the messages of a run are.

-- +goose Up
-- Since when the oldest message of a run could have gone. A run without one is not here.
CREATE OR REPLACE VIEW alumni_stats.campaign_lags AS
SELECT run_id, min(not_before) AS since
FROM alumni.delivery WHERE state IN ('Planned', 'Deferred') AND not_before <= now()
GROUP BY run_id;
