-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Legal holds that are on.
SELECT name, categories, secret_version, members, unknown_members, unlisted_members FROM alumni_stats.legal_holds ORDER BY name
