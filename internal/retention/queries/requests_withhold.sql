-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Notes until when the law keeps people who asked to be erased, and forgets it of all others. Whoever is kept does not wait meanwhile.
-- $1: members; $2: the instant for each
UPDATE alumni.erasure_request r
SET withheld_until = k.until
FROM alumni.erasure_request o
LEFT JOIN unnest($1::uuid[], $2::timestamptz[]) AS k (member_id, until) ON k.member_id = o.member_id
WHERE o.id = r.id AND r.state = 'Open' AND r.withheld_until IS DISTINCT FROM k.until
