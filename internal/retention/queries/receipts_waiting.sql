-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Of locked members, those who have just left and whose receipt is still to be mailed.
SELECT r.member_id
FROM alumni.erasure_request r
JOIN alumni.portal_mail p ON p.member_id = r.member_id
WHERE r.member_id = ANY ($1::uuid[]) AND r.state = 'Open' AND r.received_at > now() - make_interval(secs => $2)
  AND p.kind = 'WithdrawalReceipt' AND p.state = 'Waiting'
