-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Settles the deliveries of a run that was planned before there were chunks, so that it can be divided: what was claimed may have
-- been sent. $1 run, $2 whether to send it again
UPDATE alumni.delivery d
SET state = CASE WHEN $2 THEN 'Planned' ELSE 'Unknown' END,
    reason = CASE WHEN $2 THEN '' ELSE 'WorkerLost' END,
    resent = d.resent + CASE WHEN $2 THEN 1 ELSE 0 END
WHERE d.run_id = $1 AND d.state = 'Claimed';
