-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- One worker at a time looks whether a destination may be posted to, so that no two see the same gap between posts.
-- Released with the transaction. $1 channel, $2 destination
SELECT pg_advisory_xact_lock(x'706f7374'::int, hashtext($1::text || '/' || $2::text));
