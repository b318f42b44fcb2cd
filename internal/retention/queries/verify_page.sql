-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The next members with what tombstones are made of.
SELECT m.id, m.employee_number, c.addresses
FROM alumni.member m
LEFT JOIN LATERAL (SELECT array_agg(k.address) AS addresses
                   FROM alumni.contact k WHERE k.member_id = m.id AND k.channel = 'Email') c ON true
WHERE m.id > $1
ORDER BY m.id
LIMIT $2
