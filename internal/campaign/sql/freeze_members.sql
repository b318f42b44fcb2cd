-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Freezes the audience of a run that needs consent: everybody who joined the network and matches, with the reason
-- why not where there is one. People who are only listed in the roster are no members: nothing is written of them.
-- $1 run, $2 purpose, $3 channel; further parameters belong to the audience.
INSERT INTO alumni.delivery (run_id, member_id, step, channel, state, reason)
SELECT $1, f.id, 1, $3,
       CASE WHEN f.refusal IS NULL THEN 'Planned' WHEN f.refusal IN ('Paused', 'Unreachable') THEN 'Skipped' ELSE 'Suppressed' END,
       coalesce(f.refusal, '')
FROM (SELECT m.id,
             CASE WHEN m.state = 'Withdrawn' THEN 'Withdrawn'
                  WHEN m.state = 'Paused' AND coalesce(m.paused_until > now(), true) THEN 'Paused'
                  WHEN s.member_id IS NULL THEN 'NoConsent'
                  WHEN x.member_id IS NOT NULL THEN 'Suppressed'
                  WHEN c.member_id IS NULL THEN 'Unreachable'
             END AS refusal
      FROM alumni.member m
      LEFT JOIN alumni.contact c ON c.member_id = m.id AND c.channel = $3
      LEFT JOIN alumni.consent_state s ON s.member_id = m.id AND s.purpose = $2 AND s.decision = 'Given'
      LEFT JOIN alumni.suppression x ON x.member_id = m.id AND x.channel = $3
           AND (x.expires_at IS NULL OR x.expires_at > now())
      /*audience join*/
      WHERE m.state IN ('Active', 'Paused', 'Withdrawn')
        AND /*audience where*/) f;
