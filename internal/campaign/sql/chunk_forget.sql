-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Forgets the chunks of runs that have ended. $1 run
DELETE FROM alumni.delivery_chunk k USING alumni.campaign_run r
WHERE k.run_id = $1 AND r.id = k.run_id AND r.state IN ('Finished', 'Failed');
