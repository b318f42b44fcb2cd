-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Sets a member aside who could not be erased.
INSERT INTO alumni.retention_failure (run_id, member_id, code, attempts) VALUES ($1, $2, $3, $4)
ON CONFLICT (run_id, member_id) DO NOTHING
