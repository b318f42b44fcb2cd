-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Keeps legal holds as they are for the length of a transaction that erases.
SELECT pg_advisory_xact_lock_shared($1, $2)
