-- A member as he or she may see it; the address is empty when none is known.
SELECT m.id, m.state, m.family_name, m.given_name, coalesce(c.address, '') AS address, m.joined_at, m.paused_until,
       m.family_name_kana, m.given_name_kana, m.region, m.skills, m.employer, m.title, m.about, m.locale,
       coalesce(m.birthday, 0) AS birthday, m.time_zone
FROM alumni.member m LEFT JOIN alumni.contact c ON c.member_id = m.id AND c.channel = 'Email'
WHERE m.id = $1 AND m.state IN ('Active', 'Paused')
