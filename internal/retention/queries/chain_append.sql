-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Adds a link to the audit chain.
INSERT INTO alumni.audit_record (seq, run_id, kind, body, prev_hash, hash) VALUES ($1, $2, $3, $4, $5, $6)
