-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The newest link of the audit chain, and the time.
SELECT coalesce(max(seq), 0), (SELECT hash FROM alumni.audit_record ORDER BY seq DESC LIMIT 1), clock_timestamp()
FROM alumni.audit_record
