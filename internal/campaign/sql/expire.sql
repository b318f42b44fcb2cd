-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Gives up what is still waiting when the deadline of a run has passed. $1 run
UPDATE alumni.delivery d
SET state = 'Expired'
FROM (SELECT o.member_id, o.step, o.channel
      FROM alumni.delivery o JOIN alumni.campaign_run r ON r.id = o.run_id
      WHERE o.run_id = $1 AND o.state IN ('Planned', 'Deferred') AND r.deadline <= now()
      FOR UPDATE OF o SKIP LOCKED) late
WHERE d.run_id = $1 AND d.member_id = late.member_id AND d.step = late.step AND d.channel = late.channel;
