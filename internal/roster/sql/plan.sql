-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Judges every staged row, in one snapshot: a person who is being erased meanwhile is either still a member here,
-- and then gone when the row is applied, or has a tombstone.
CREATE TEMPORARY TABLE roster_plan ON COMMIT DROP AS
WITH met AS (
    SELECT s.line, s.employee_number, s.email, s.left_on, s.member_id AS new_id, m.id AS known_id, m.state,
           row_number() OVER (PARTITION BY s.employee_number ORDER BY s.line) AS nth,
           EXISTS (SELECT FROM alumni.tombstone t WHERE t.key = s.number_key AND t.kind = 'EmployeeNumber')
               OR EXISTS (SELECT FROM alumni.tombstone t WHERE t.key = s.email_key AND t.kind = 'Email') AS erased,
           substr(m.roster_digest, 1, 16) = substr(s.digest, 1, 16) AS same,
           c.source = 'Member' OR c.verified_at IS NOT NULL AS own_address
      FROM pg_temp.roster_stage s
      LEFT JOIN alumni.member m ON m.employee_number = s.employee_number
      LEFT JOIN alumni.contact c ON c.member_id = m.id AND c.channel = 'Email'
), judged AS (
    SELECT *, CASE WHEN nth > 1                                THEN 'DuplicateNumber'
                   WHEN erased                                 THEN 'Tombstoned'
                   WHEN state = 'Withdrawn'                    THEN 'Unchanged'
                   WHEN known_id IS NULL AND left_on IS NULL   THEN 'NotALeaver'
                   WHEN known_id IS NULL                       THEN 'New'
                   WHEN same                                   THEN 'Unchanged'
                   ELSE 'Changed' END AS verdict
      FROM met
), wanting AS (
    SELECT *, CASE WHEN verdict IN ('New', 'Changed', 'Unchanged') AND own_address IS NOT TRUE AND state IS DISTINCT FROM 'Withdrawn'
                   THEN lower(nullif(email, '')) END AS wanted
      FROM judged
), placed AS (
    -- Whoever has the address now comes first, then the order of the file.
    SELECT w.*, h.member_id AS holder,
           row_number() OVER (PARTITION BY w.wanted ORDER BY (h.member_id = w.known_id) IS TRUE DESC, w.line) AS place
      FROM wanting w
      LEFT JOIN alumni.contact h ON h.channel = 'Email' AND lower(h.address) = w.wanted
)
SELECT line, coalesce(known_id, new_id) AS member_id,
       CASE WHEN wanted IS NOT NULL AND verdict <> 'Unchanged' AND (place > 1 OR holder IS DISTINCT FROM known_id AND holder IS NOT NULL)
            THEN 'DuplicateAddress' ELSE verdict END AS verdict
  FROM placed;
