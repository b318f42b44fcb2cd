-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Releases whole holds, unless they were declared again since.
-- $1: their names; $2: when the run was told so
WITH released AS (
    UPDATE alumni.legal_hold
    SET released_at = now(), told_at = $2, members = 0, unknown_members = 0, unlisted_members = 0
    WHERE name = ANY ($1::text[]) AND released_at IS NULL AND told_at <= $2
    RETURNING name
)
DELETE FROM alumni.legal_hold_member h USING released r WHERE h.hold = r.name
