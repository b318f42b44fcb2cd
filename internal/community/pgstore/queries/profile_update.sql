-- Replaces what a member keeps about himself or herself.
UPDATE alumni.member
SET family_name_kana = $2, given_name_kana = $3, region = $4, skills = $5, employer = $6, title = $7, about = $8,
    locale = $9, birthday = nullif($10::smallint, 0), time_zone = $11, last_active_at = $12, updated_at = $12
WHERE id = $1
