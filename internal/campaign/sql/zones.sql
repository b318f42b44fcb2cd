-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- The zones that members keep; those who keep none go by the network's.
SELECT DISTINCT time_zone FROM alumni.member WHERE time_zone <> '';
