-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The database's clock, and the latest instant for which any run was planned.
SELECT clock_timestamp(), max(as_of) FROM alumni.retention_run
