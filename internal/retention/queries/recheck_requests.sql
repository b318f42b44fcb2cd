-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Of locked members, those who still are withdrawn and wait, with what tombstones are made of.
SELECT m.id, m.employee_number, c.address
FROM alumni.member m
JOIN alumni.erasure_request r ON r.member_id = m.id AND r.state = 'Open'
LEFT JOIN alumni.contact c ON c.member_id = m.id AND c.channel = 'Email'
WHERE m.id = ANY ($1::uuid[]) AND m.state = 'Withdrawn'
ORDER BY m.id
