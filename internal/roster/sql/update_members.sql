-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- People whose row changed. A field is written when the file has its column and the value there now is the one
-- that the roster wrote last, as its mark tells; another value is the member's own and stays. A field without a
-- column keeps its mark.
UPDATE alumni.member m
   SET family_name      = CASE WHEN s.family_name IS NULL OR s.family_name = m.family_name OR pg_temp.mark(m.family_name) IS DISTINCT FROM substr(m.roster_digest, 17, 8)
                               THEN m.family_name ELSE s.family_name END,
       given_name       = CASE WHEN s.given_name IS NULL OR s.given_name = m.given_name OR pg_temp.mark(m.given_name) IS DISTINCT FROM substr(m.roster_digest, 25, 8)
                               THEN m.given_name ELSE s.given_name END,
       family_name_kana = CASE WHEN s.family_name_kana IS NULL OR s.family_name_kana = m.family_name_kana OR pg_temp.mark(m.family_name_kana) IS DISTINCT FROM substr(m.roster_digest, 33, 8)
                               THEN m.family_name_kana ELSE s.family_name_kana END,
       given_name_kana  = CASE WHEN s.given_name_kana IS NULL OR s.given_name_kana = m.given_name_kana OR pg_temp.mark(m.given_name_kana) IS DISTINCT FROM substr(m.roster_digest, 41, 8)
                               THEN m.given_name_kana ELSE s.given_name_kana END,
       locale           = CASE WHEN s.locale IS NULL OR s.locale = m.locale OR pg_temp.mark(m.locale) IS DISTINCT FROM substr(m.roster_digest, 49, 8)
                               THEN m.locale ELSE s.locale END,
       region           = CASE WHEN s.region IS NULL OR s.region = m.region OR pg_temp.mark(m.region) IS DISTINCT FROM substr(m.roster_digest, 57, 8)
                               THEN m.region ELSE s.region END,
       life_stage       = CASE WHEN s.life_stage IS NULL OR s.life_stage = m.life_stage OR pg_temp.mark(m.life_stage) IS DISTINCT FROM substr(m.roster_digest, 65, 8)
                               THEN m.life_stage ELSE s.life_stage END,
       skills           = CASE WHEN s.skills IS NULL OR s.skills = m.skills OR pg_temp.mark(array_to_string(m.skills, E'\x1f')) IS DISTINCT FROM substr(m.roster_digest, 73, 8)
                               THEN m.skills ELSE s.skills END,
       roster_digest    = substr(s.digest, 1, 24)
           || CASE WHEN s.given_name IS NULL AND length(m.roster_digest) >= 32 THEN substr(m.roster_digest, 25, 8) ELSE substr(s.digest, 25, 8) END
           || CASE WHEN s.family_name_kana IS NULL AND length(m.roster_digest) >= 40 THEN substr(m.roster_digest, 33, 8) ELSE substr(s.digest, 33, 8) END
           || CASE WHEN s.given_name_kana IS NULL AND length(m.roster_digest) >= 48 THEN substr(m.roster_digest, 41, 8) ELSE substr(s.digest, 41, 8) END
           || CASE WHEN s.locale IS NULL AND length(m.roster_digest) >= 56 THEN substr(m.roster_digest, 49, 8) ELSE substr(s.digest, 49, 8) END
           || CASE WHEN s.region IS NULL AND length(m.roster_digest) >= 64 THEN substr(m.roster_digest, 57, 8) ELSE substr(s.digest, 57, 8) END
           || CASE WHEN s.life_stage IS NULL AND length(m.roster_digest) >= 72 THEN substr(m.roster_digest, 65, 8) ELSE substr(s.digest, 65, 8) END
           || CASE WHEN s.skills IS NULL AND length(m.roster_digest) >= 80 THEN substr(m.roster_digest, 73, 8) ELSE substr(s.digest, 73, 8) END,
       updated_at       = now()
  FROM pg_temp.roster_stage s
  JOIN pg_temp.roster_plan p ON p.line = s.line AND p.verdict = 'Changed'
 WHERE m.id = p.member_id AND m.state <> 'Withdrawn';
