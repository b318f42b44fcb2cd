-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Leaves keyed hashes of people who are erased. Of two erasures the newer counts.
INSERT INTO alumni.tombstone AS t (key, kind, run_id, erased_on)
SELECT k.key, k.kind, $3, $4::date
FROM unnest($1::bytea[], $2::text[]) AS k (key, kind)
ORDER BY k.key
ON CONFLICT (key) DO UPDATE SET run_id = excluded.run_id, erased_on = excluded.erased_on
