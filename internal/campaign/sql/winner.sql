-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- What the A/B test of a run came to; empty until it is decided. $1 run
SELECT winner FROM alumni.campaign_run WHERE id = $1;
