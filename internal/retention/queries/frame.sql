-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Bounds on waiting and working, for this transaction alone, in milliseconds; and plans that do not depend on the
-- numbers at hand: every statement of a batch must go by an index, however the statistics are.
SELECT set_config('lock_timeout', $1, true),
       set_config('statement_timeout', $2, true),
       set_config('idle_in_transaction_session_timeout', $3, true),
       set_config('plan_cache_mode', 'force_generic_plan', true)
