-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Holds the run for this transaction and tells whose it is: nobody can take it over before the commit.
SELECT epoch FROM alumni.retention_run WHERE id = $1 FOR NO KEY UPDATE
