-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The tombstones of this run.
SELECT key FROM alumni.tombstone WHERE run_id = $1
