-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Shows members what a campaign tells them in the portal, once, in the transaction in which the ledger says so. Whoever was erased
-- meanwhile has no portal any more. $1 run, $2.. one array for each column
INSERT INTO alumni.notice (run_id, recipient_id, locale, title, body)
SELECT $1, u.member_id, u.locale, u.title, u.body
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) AS u(member_id, locale, title, body)
JOIN alumni.member m ON m.id = u.member_id
ON CONFLICT (run_id, recipient_id) DO NOTHING;
