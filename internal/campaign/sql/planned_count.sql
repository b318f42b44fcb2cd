-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- How many rows of a run exist, and to how many members something is to be sent. $1 run
SELECT count(*), count(DISTINCT member_id) FILTER (WHERE state = 'Planned') FROM alumni.delivery WHERE run_id = $1;
