-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- One run is planned at a time in a network, so that each sees what the others have promised. Released with the transaction.
SELECT pg_advisory_xact_lock(x'616c756d'::int, x'706c616e'::int);
