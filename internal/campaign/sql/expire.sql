-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Gives up what is still waiting when the deadline of a run has passed; what may have arrived is in doubt for ever. What a worker holds is its to settle.
-- $1 run, $2 channel
WITH late AS MATERIALIZED (
    SELECT k.ctid AS place, k.first_member, k.end_member
    FROM alumni.delivery_chunk k
    WHERE k.run_id = $1 AND k.channel = $2 AND k.lease_owner IS NULL AND k.not_before < 'infinity'
      AND (SELECT deadline <= now() FROM alumni.campaign_run WHERE id = $1)
    FOR UPDATE SKIP LOCKED
), expired AS (
    UPDATE alumni.delivery d
    SET state = CASE WHEN d.doubt_since IS NULL THEN 'Expired' ELSE 'Unknown' END,
        reason = CASE WHEN d.doubt_since IS NULL THEN d.reason ELSE 'NoAnswer' END
    FROM late k
    WHERE d.run_id = $1 AND d.channel = $2 AND d.member_id >= k.first_member AND d.member_id < k.end_member
      AND d.state IN ('Planned', 'Deferred')
    RETURNING true
), closed AS (
    UPDATE alumni.delivery_chunk k SET not_before = 'infinity' FROM late WHERE k.ctid = late.place
)
SELECT count(*) FROM expired;
