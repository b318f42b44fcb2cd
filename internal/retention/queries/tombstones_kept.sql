-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Leaves the keyed hashes of people who were erased and are not in this store, so that no roster brings them back.
INSERT INTO alumni.tombstone (key, kind, run_id, erased_on)
SELECT k.key, k.kind, $3, $4::date
FROM unnest($1::bytea[], $2::text[]) AS k (key, kind)
ORDER BY k.key
ON CONFLICT (key) DO NOTHING
