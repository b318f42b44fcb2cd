-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Keeps the signed certificate of a run.
INSERT INTO alumni.retention_certificate (run_id, body, signature, public_key) VALUES ($1, $2, $3, $4)
