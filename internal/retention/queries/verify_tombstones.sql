-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- People of whom this run has left a tombstone.
SELECT count(*) FROM alumni.tombstone WHERE run_id = $1 AND kind = 'Member'
