-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Addresses that do not exist get nothing any more. $1 members, $2 channel
INSERT INTO alumni.suppression (member_id, channel, reason)
SELECT m.id, $2, 'HardBounce' FROM alumni.member m WHERE m.id = ANY($1::uuid[])
ON CONFLICT (member_id, channel) DO NOTHING;
