-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- A mail reached the mailbox: what could not be reached before is forgotten. $1 member, $2 channel
WITH forgotten AS (
    DELETE FROM alumni.bounce WHERE recipient_id = $1 AND kind = 'SoftBounce'
)
DELETE FROM alumni.suppression WHERE member_id = $1 AND channel = $2 AND reason = 'SoftBounce';
