-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- What a run said when it first started.
SELECT body FROM alumni.audit_record WHERE run_id = $1 AND kind = 'RunStarted' ORDER BY seq LIMIT 1
