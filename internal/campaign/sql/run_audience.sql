-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Notes the size of the frozen audience. $1 run, $2 rows
UPDATE alumni.campaign_run SET audience = $2 WHERE id = $1;
