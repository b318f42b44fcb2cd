-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- How many of these people have been erased.
SELECT count(*) FROM alumni.tombstone WHERE kind = 'Member' AND key = ANY ($1::bytea[])
