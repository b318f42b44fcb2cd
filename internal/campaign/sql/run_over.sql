-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Whether a run has ended. $1 run
SELECT state IN ('Finished', 'Failed') FROM alumni.campaign_run WHERE id = $1;
