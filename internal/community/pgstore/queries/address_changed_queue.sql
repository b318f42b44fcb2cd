-- Tells the former address that it was replaced.
INSERT INTO alumni.portal_mail (member_id, kind, locale, address, not_before, created_at)
SELECT id, 'AddressChanged', locale, $2, $3, $3 FROM alumni.member WHERE id = $1
