-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Of locked members, those who withdrew their consent to take part, and when. None can give it again while they are locked.
SELECT member_id, CASE WHEN isfinite(decided_at) THEN decided_at END
FROM alumni.consent_state
WHERE member_id = ANY ($1::uuid[]) AND purpose = 'Network' AND decision = 'Withdrawn'
