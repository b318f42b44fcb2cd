-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- What is left of a run on one channel: whether workers hold any of it, the seconds until the next of the rest is due (null: none
-- waits), and whether the run rests.
-- $1 run, $2 channels
SELECT EXISTS (SELECT FROM alumni.delivery_chunk WHERE run_id = $1 AND channel = ANY ($2::text[]) AND lease_owner IS NOT NULL),
       (SELECT extract(epoch FROM min(not_before) - now())::float8 FROM alumni.delivery_chunk
        WHERE run_id = $1 AND channel = ANY ($2::text[]) AND lease_owner IS NULL AND not_before < 'infinity'),
       (SELECT state = 'Paused' FROM alumni.campaign_run WHERE id = $1);
