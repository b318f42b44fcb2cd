-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- People whose row changed. A field is written when the file has its column and the value there now is the one
-- that the roster wrote last, as its mark tells; another value is the member's own and stays. A field without a
-- column keeps its mark. See stager.digest for the layout of roster_digest: the last two marks may be missing, and
-- then stand for empty values.
WITH target AS MATERIALIZED (
    SELECT m.id, p.line, substr(m.roster_digest, 17, 8) = pg_temp.mark(concat_ws(E'\x1e', m.family_name, m.given_name, m.family_name_kana,
               m.given_name_kana, m.locale, m.region, m.life_stage, array_to_string(m.skills, E'\x1f'))) IS TRUE AS untouched,
           coalesce(nullif(substr(m.roster_digest, 89, 8), ''), pg_temp.mark('')) AS birthday_mark,
           coalesce(nullif(substr(m.roster_digest, 97, 8), ''), pg_temp.mark('')) AS zone_mark
      FROM pg_temp.roster_plan p
      JOIN alumni.member m ON m.id = p.member_id
     WHERE p.verdict = 'Changed' AND m.state <> 'Withdrawn'
)
UPDATE alumni.member m
   SET family_name      = CASE WHEN s.family_name IS NULL THEN m.family_name
                               WHEN t.untouched OR pg_temp.mark(m.family_name) = substr(m.roster_digest, 25, 8) THEN s.family_name ELSE m.family_name END,
       given_name       = CASE WHEN s.given_name IS NULL THEN m.given_name
                               WHEN t.untouched OR pg_temp.mark(m.given_name) = substr(m.roster_digest, 33, 8) THEN s.given_name ELSE m.given_name END,
       family_name_kana = CASE WHEN s.family_name_kana IS NULL THEN m.family_name_kana
                               WHEN t.untouched OR pg_temp.mark(m.family_name_kana) = substr(m.roster_digest, 41, 8) THEN s.family_name_kana ELSE m.family_name_kana END,
       given_name_kana  = CASE WHEN s.given_name_kana IS NULL THEN m.given_name_kana
                               WHEN t.untouched OR pg_temp.mark(m.given_name_kana) = substr(m.roster_digest, 49, 8) THEN s.given_name_kana ELSE m.given_name_kana END,
       locale           = CASE WHEN s.locale IS NULL THEN m.locale
                               WHEN t.untouched OR pg_temp.mark(m.locale) = substr(m.roster_digest, 57, 8) THEN s.locale ELSE m.locale END,
       region           = CASE WHEN s.region IS NULL THEN m.region
                               WHEN t.untouched OR pg_temp.mark(m.region) = substr(m.roster_digest, 65, 8) THEN s.region ELSE m.region END,
       life_stage       = CASE WHEN s.life_stage IS NULL THEN m.life_stage
                               WHEN t.untouched OR pg_temp.mark(m.life_stage) = substr(m.roster_digest, 73, 8) THEN s.life_stage ELSE m.life_stage END,
       skills           = CASE WHEN s.skills IS NULL THEN m.skills
                               WHEN t.untouched OR pg_temp.mark(array_to_string(m.skills, E'\x1f')) = substr(m.roster_digest, 81, 8) THEN s.skills ELSE m.skills END,
       birthday         = CASE WHEN s.birthday IS NULL THEN m.birthday
                               WHEN pg_temp.mark(coalesce(m.birthday::text, '')) = t.birthday_mark THEN nullif(s.birthday, 0) ELSE m.birthday END,
       time_zone        = CASE WHEN s.time_zone IS NULL THEN m.time_zone
                               WHEN pg_temp.mark(m.time_zone) = t.zone_mark THEN s.time_zone ELSE m.time_zone END,
       roster_digest    = substr(s.digest, 1, 24)
           || CASE WHEN s.family_name IS NULL AND length(m.roster_digest) >= 32 THEN substr(m.roster_digest, 25, 8) ELSE substr(s.digest, 25, 8) END
           || CASE WHEN s.given_name IS NULL AND length(m.roster_digest) >= 40 THEN substr(m.roster_digest, 33, 8) ELSE substr(s.digest, 33, 8) END
           || CASE WHEN s.family_name_kana IS NULL AND length(m.roster_digest) >= 48 THEN substr(m.roster_digest, 41, 8) ELSE substr(s.digest, 41, 8) END
           || CASE WHEN s.given_name_kana IS NULL AND length(m.roster_digest) >= 56 THEN substr(m.roster_digest, 49, 8) ELSE substr(s.digest, 49, 8) END
           || CASE WHEN s.locale IS NULL AND length(m.roster_digest) >= 64 THEN substr(m.roster_digest, 57, 8) ELSE substr(s.digest, 57, 8) END
           || CASE WHEN s.region IS NULL AND length(m.roster_digest) >= 72 THEN substr(m.roster_digest, 65, 8) ELSE substr(s.digest, 65, 8) END
           || CASE WHEN s.life_stage IS NULL AND length(m.roster_digest) >= 80 THEN substr(m.roster_digest, 73, 8) ELSE substr(s.digest, 73, 8) END
           || CASE WHEN s.skills IS NULL AND length(m.roster_digest) >= 88 THEN substr(m.roster_digest, 81, 8) ELSE substr(s.digest, 81, 8) END
           || CASE WHEN s.birthday IS NULL AND s.time_zone IS NULL THEN coalesce(substr(m.roster_digest, 89), '')
                   ELSE CASE WHEN s.birthday IS NULL THEN t.birthday_mark ELSE substr(s.digest, 89, 8) END
                     || CASE WHEN s.time_zone IS NULL THEN t.zone_mark ELSE substr(s.digest, 97, 8) END END,
       updated_at       = now()
  FROM target t
  JOIN pg_temp.roster_stage s ON s.line = t.line
 WHERE m.id = t.id;
