-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- A run by its name: $1. The seconds are those left until the deadline.
SELECT id, campaign_uid, generation, state, failure, audience, extract(epoch FROM deadline - now())::float8, test_until IS NOT NULL, winner
FROM alumni.campaign_run WHERE run_name = $1;
