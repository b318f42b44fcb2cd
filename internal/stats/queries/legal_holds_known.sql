-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Whether the store has legal holds, and they may be read: the store of an earlier version has none.
SELECT coalesce(has_table_privilege(to_regclass('alumni_stats.legal_holds'), 'SELECT'), false)
