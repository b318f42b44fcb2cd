-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- People whose invitation was taken are invited. $1 members
UPDATE alumni.member SET state = 'Invited', updated_at = now() WHERE id = ANY($1::uuid[]) AND state = 'Listed';
