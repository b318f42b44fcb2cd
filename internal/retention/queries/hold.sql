-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Takes the lock that keeps other runs of its kind waiting, for as long as the session lives.
SELECT pg_try_advisory_lock($1, $2)
