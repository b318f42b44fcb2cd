-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Campaign runs that have ended and are old enough to have rows that are due.
SELECT id FROM alumni.campaign_run WHERE state <> 'Sending' AND started_at < $1 ORDER BY id
