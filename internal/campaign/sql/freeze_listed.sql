-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Freezes the audience of an invitation: everybody who is only listed in the roster and matches.
-- $1 run, $2 unused (an invitation has no purpose), $3 channel; further parameters belong to the audience.
INSERT INTO alumni.delivery (run_id, member_id, step, channel, state, reason)
SELECT $1, f.id, 1, $3,
       CASE WHEN f.refusal IS NULL THEN 'Planned' WHEN f.refusal = 'Unreachable' THEN 'Skipped' ELSE 'Suppressed' END,
       coalesce(f.refusal, '')
FROM (SELECT m.id,
             CASE WHEN x.member_id IS NOT NULL THEN 'Suppressed'
                  WHEN c.member_id IS NULL THEN 'Unreachable'
             END AS refusal
      FROM alumni.member m
      LEFT JOIN alumni.contact c ON c.member_id = m.id AND c.channel = $3
      LEFT JOIN alumni.suppression x ON x.member_id = m.id AND x.channel = $3
           AND (x.expires_at IS NULL OR x.expires_at > now())
      /*audience join*/
      WHERE m.state = 'Listed' AND $2::text IS NULL
        AND /*audience where*/) f;
