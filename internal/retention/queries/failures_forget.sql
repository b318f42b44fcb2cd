-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Members who are erased have failed no longer, and their identifiers need not be kept.
DELETE FROM alumni.retention_failure WHERE member_id = ANY ($1::uuid[])
