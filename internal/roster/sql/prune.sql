-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Removes the quarantine of an earlier attempt of this run, and that of all but the last 30 imports.
DELETE FROM alumni.roster_quarantine
 WHERE import_id = $1
    OR import_id < (SELECT min(id) FROM (SELECT id FROM alumni.roster_import ORDER BY id DESC LIMIT 30) recent);
