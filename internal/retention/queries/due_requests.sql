-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Members who left and wait to be erased. One whose receipt has still to be mailed waits for it, but not for long.
SELECT m.id,
       EXISTS (SELECT FROM alumni.portal_mail p
               WHERE p.member_id = m.id AND p.kind = 'WithdrawalReceipt' AND p.state = 'Waiting')
       AND r.received_at > now() - make_interval(secs => $1) AS waits
FROM alumni.erasure_request r
JOIN alumni.member m ON m.id = r.member_id
WHERE r.state = 'Open' AND m.state = 'Withdrawn'
ORDER BY m.id
