-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Of members, those on hold, each with the first of its holds by name.
SELECT recipient_id, min(hold) FROM alumni.legal_hold_member WHERE recipient_id = ANY ($1::uuid[]) GROUP BY recipient_id
