-- Queues the mail of a sign-in link, unless the member was mailed $5 of them since $4.
INSERT INTO alumni.portal_mail (member_id, kind, locale, not_before, created_at)
SELECT $1, 'SignInLink', $2, $3, $3
WHERE (SELECT count(*) FROM alumni.portal_mail
       WHERE member_id = $1 AND kind = 'SignInLink' AND created_at > $4) < $5
