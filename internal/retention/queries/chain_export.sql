-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The whole audit chain.
SELECT a.seq, a.kind, r.run_name, a.body, a.prev_hash, a.hash
FROM alumni.audit_record a
JOIN alumni.retention_run r ON r.id = a.run_id
ORDER BY a.seq
