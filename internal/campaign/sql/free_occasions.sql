-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Lets members be written to by a later run for what this one, which has ended, did not get to before its deadline. $1 run
DELETE FROM alumni.occasion o USING alumni.campaign_run r
WHERE o.run_id = $1 AND r.id = $1 AND r.state = 'Finished'
  AND EXISTS (SELECT FROM alumni.delivery d WHERE d.run_id = $1 AND d.member_id = o.recipient_id AND d.state = 'Expired')
  AND NOT EXISTS (SELECT FROM alumni.delivery d WHERE d.run_id = $1 AND d.member_id = o.recipient_id AND d.state IN ('Sent', 'Unknown', 'Failed'));
