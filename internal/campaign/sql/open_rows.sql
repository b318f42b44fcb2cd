-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- What is left of a run: whether rows are claimed, and the seconds until the next one is due (null: none waits).
-- $1 run
SELECT EXISTS (SELECT FROM alumni.delivery WHERE run_id = $1 AND state = 'Claimed'),
       (SELECT extract(epoch FROM min(not_before) - now())::float8 FROM alumni.delivery
        WHERE run_id = $1 AND state IN ('Planned', 'Deferred'));
