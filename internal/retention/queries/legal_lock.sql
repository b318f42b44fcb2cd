-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Puts legal holds on or takes them off while no transaction erases: it waits for those under way, and later ones see what it did.
SELECT pg_advisory_xact_lock($1, $2)
