-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- The meetings that come next and that members can register for, at most $1: of each member who takes part one, and the office's.
SELECT id, title, place, starts_at
FROM (SELECT DISTINCT ON (coalesce(e.recipient_id, e.id)) e.id, e.title, e.place, e.starts_at
      FROM alumni.event e
      WHERE e.state = 'Published' AND e.starts_at > now() AND coalesce(e.registration_closes_at, e.starts_at) > now()
        AND (e.organiser = 'Office' OR EXISTS (SELECT FROM alumni.member m WHERE m.id = e.recipient_id AND m.state IN ('Active', 'Paused')))
      ORDER BY coalesce(e.recipient_id, e.id), e.starts_at, e.id) next
ORDER BY starts_at, id LIMIT $1;
