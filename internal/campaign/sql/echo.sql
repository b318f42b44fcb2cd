-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- What became known of a run after its mails were taken: members who complained, mails that came back because nobody lives
-- there, and how many were sent. $1 run
SELECT coalesce((SELECT c.count FROM alumni.complaint_count c WHERE c.run_id = $1), 0),
       count(*) FILTER (WHERE d.state = 'Failed' AND d.reason = 'HardBounce'), count(*)
FROM alumni.delivery d WHERE d.run_id = $1 AND d.channel = 'Email' AND d.sent_at IS NOT NULL;
