-- Queues the mail of a link for one of the staff, unless they were mailed $5 of them since $4.
INSERT INTO alumni.portal_mail (staff_id, kind, locale, not_before, created_at)
SELECT $1, 'StaffSignInLink', $2, $3, $3
WHERE (SELECT count(*) FROM alumni.portal_mail
       WHERE staff_id = $1 AND kind = 'StaffSignInLink' AND created_at > $4) < $5
