-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- An audience: whom a run of the campaign did not reach, or perhaps not. An address that does not exist is not tried again.
-- $13 the run, $14 campaign UID
EXISTS (
    SELECT FROM alumni.delivery d JOIN alumni.campaign_run r ON r.id = d.run_id
    WHERE r.run_name = $13 AND r.campaign_uid = $14 AND d.member_id = m.id AND d.channel = w.channel
      AND (d.state = 'Unknown' OR d.state = 'Failed' AND d.reason <> 'HardBounce'))
