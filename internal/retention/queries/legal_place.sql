-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Puts a hold on, or takes over what changed of it. Without a confirmation it keeps the categories that it had.
-- $1: name; $2: reason; $3: categories; $4: when to review it; $5: version of its Secret; $6: whether releasing is confirmed;
-- $7: when the run was told of it, for one that was told earlier changes nothing
INSERT INTO alumni.legal_hold AS h (name, reason, categories, review_on, secret_version, told_at)
VALUES ($1, $2, $3, $4, $5, $7)
ON CONFLICT (name) DO UPDATE
SET reason = excluded.reason, review_on = excluded.review_on, secret_version = excluded.secret_version,
    categories = CASE WHEN $6 OR h.released_at IS NOT NULL THEN excluded.categories
                      ELSE (SELECT array_agg(DISTINCT c ORDER BY c) FROM unnest(h.categories || excluded.categories) AS c) END,
    placed_at = CASE WHEN h.released_at IS NULL THEN h.placed_at ELSE now() END,
    released_at = NULL, told_at = excluded.told_at
WHERE h.told_at <= excluded.told_at
