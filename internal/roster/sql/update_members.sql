-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- People whose row changed. A field is written when the file has its column and the value there now is the one
-- that the roster wrote last; another value is the member's own and stays.
UPDATE alumni.member m
   SET family_name      = CASE WHEN pg_temp.mark(m.family_name) = substr(m.roster_digest, 17, 8) THEN s.family_name ELSE m.family_name END,
       given_name       = CASE WHEN pg_temp.mark(m.given_name) = substr(m.roster_digest, 25, 8) THEN coalesce(s.given_name, m.given_name) ELSE m.given_name END,
       family_name_kana = CASE WHEN pg_temp.mark(m.family_name_kana) = substr(m.roster_digest, 33, 8) THEN coalesce(s.family_name_kana, m.family_name_kana) ELSE m.family_name_kana END,
       given_name_kana  = CASE WHEN pg_temp.mark(m.given_name_kana) = substr(m.roster_digest, 41, 8) THEN coalesce(s.given_name_kana, m.given_name_kana) ELSE m.given_name_kana END,
       locale           = CASE WHEN pg_temp.mark(m.locale) = substr(m.roster_digest, 49, 8) THEN coalesce(s.locale, m.locale) ELSE m.locale END,
       region           = CASE WHEN pg_temp.mark(m.region) = substr(m.roster_digest, 57, 8) THEN coalesce(s.region, m.region) ELSE m.region END,
       life_stage       = CASE WHEN pg_temp.mark(m.life_stage) = substr(m.roster_digest, 65, 8) THEN coalesce(s.life_stage, m.life_stage) ELSE m.life_stage END,
       skills           = CASE WHEN pg_temp.mark(array_to_string(m.skills, E'\x1f')) = substr(m.roster_digest, 73, 8) THEN coalesce(s.skills, m.skills) ELSE m.skills END,
       roster_digest    = s.digest || pg_temp.mark(s.family_name)
           || coalesce(pg_temp.mark(s.given_name), nullif(substr(m.roster_digest, 25, 8), ''), pg_temp.mark(''))
           || coalesce(pg_temp.mark(s.family_name_kana), nullif(substr(m.roster_digest, 33, 8), ''), pg_temp.mark(''))
           || coalesce(pg_temp.mark(s.given_name_kana), nullif(substr(m.roster_digest, 41, 8), ''), pg_temp.mark(''))
           || coalesce(pg_temp.mark(s.locale), nullif(substr(m.roster_digest, 49, 8), ''), pg_temp.mark(''))
           || coalesce(pg_temp.mark(s.region), nullif(substr(m.roster_digest, 57, 8), ''), pg_temp.mark(''))
           || coalesce(pg_temp.mark(s.life_stage), nullif(substr(m.roster_digest, 65, 8), ''), pg_temp.mark(''))
           || coalesce(pg_temp.mark(array_to_string(s.skills, E'\x1f')), nullif(substr(m.roster_digest, 73, 8), ''), pg_temp.mark('')),
       updated_at       = now()
  FROM pg_temp.roster_stage s
  JOIN pg_temp.roster_plan p ON p.line = s.line AND p.verdict = 'Changed'
 WHERE m.id = p.member_id AND m.state <> 'Withdrawn';
