-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- New people: Listed, or Active when they consented to the network. $1 is the network's locale.
INSERT INTO alumni.member (id, state, employee_number, family_name, given_name, family_name_kana, given_name_kana,
                           locale, region, life_stage, skills, birthday, time_zone,
                           joined_at, roster_digest)
SELECT s.member_id, CASE WHEN s.network_at IS NULL THEN 'Listed' ELSE 'Active' END, s.employee_number, s.family_name,
       coalesce(s.given_name, ''), coalesce(s.family_name_kana, ''), coalesce(s.given_name_kana, ''),
       coalesce(s.locale, $1), coalesce(s.region, ''), coalesce(s.life_stage, ''), coalesce(s.skills, '{}'), nullif(s.birthday, 0),
       coalesce(s.time_zone, ''), s.network_at, s.digest
  FROM pg_temp.roster_stage s
  JOIN pg_temp.roster_plan p ON p.line = s.line AND p.verdict = 'New';
