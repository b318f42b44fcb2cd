-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Requests that wait.
SELECT count(*) FROM alumni.erasure_request WHERE state = 'Open'
