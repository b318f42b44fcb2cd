-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Of a plan with several channels, for each member the first that reaches them; whom none does, the first.
SELECT DISTINCT ON (p.id) p.* FROM (/*plan*/) p
ORDER BY p.id, coalesce(p.refusal IN ('Suppressed', 'Unreachable'), false), p.place
