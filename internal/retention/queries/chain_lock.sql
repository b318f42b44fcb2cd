-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- One writer of the audit chain at a time, until the end of the transaction.
SELECT pg_advisory_xact_lock($1, $2)
