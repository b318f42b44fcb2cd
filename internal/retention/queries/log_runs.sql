-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Campaign runs that are over and old enough to have rows that are due. One that nobody ended, because its campaign was
-- deleted, is over a day after its deadline, when its worker has ended too.
SELECT id FROM alumni.campaign_run WHERE (state <> 'Sending' OR deadline + interval '1 day' < $1) AND started_at < $1 ORDER BY id
