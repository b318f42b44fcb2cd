-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- The meetings that come next and that members can register for, at most $1.
SELECT id, title, place, starts_at
FROM alumni.event
WHERE state = 'Published' AND starts_at > now() AND coalesce(registration_closes_at, starts_at) > now()
ORDER BY starts_at, id LIMIT $1;
