-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Everybody who is there, with what tombstones are made of.
SELECT m.id, m.employee_number, c.address
FROM alumni.member m
LEFT JOIN alumni.contact c ON c.member_id = m.id AND c.channel = 'Email'
