-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- People who were erased, came back with a backup, and are on hold in it: they are taken out of everybody's sight, and wait to be erased
-- until the hold is released.
WITH back AS (
    UPDATE alumni.member SET state = 'Withdrawn', withdrawn_at = coalesce(withdrawn_at, now()) WHERE id = ANY ($1::uuid[]) RETURNING id
)
INSERT INTO alumni.erasure_request (id, member_id, source, withheld_until)
SELECT gen_random_uuid(), id, 'Request', 'infinity' FROM back
ON CONFLICT (member_id) DO NOTHING
