-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- How many rows of a run exist, and how many of them are to be sent. $1 run
SELECT count(*), count(*) FILTER (WHERE state = 'Planned') FROM alumni.delivery WHERE run_id = $1;
