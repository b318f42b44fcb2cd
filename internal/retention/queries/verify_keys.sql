-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- How many of these keys are tombstones of this run, exactly.
SELECT count(*) FROM alumni.tombstone WHERE key = ANY ($1::bytea[]) AND run_id = $2
