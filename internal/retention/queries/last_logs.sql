-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- When the newest log row of each member was made. None can be added while the member is locked.
SELECT member_id, max(coalesce(sent_at, planned_at)) FROM alumni.delivery WHERE member_id = ANY ($1::uuid[]) GROUP BY member_id
