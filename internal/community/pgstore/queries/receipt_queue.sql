-- Queues the receipt of a withdrawal for the address that is still known.
INSERT INTO alumni.portal_mail (member_id, kind, locale, not_before, created_at)
SELECT $1, 'WithdrawalReceipt', $2, $3, $3
WHERE EXISTS (SELECT FROM alumni.contact WHERE member_id = $1 AND channel = 'Email')
