-- Queues the mail that asks whether an address is the member's.
INSERT INTO alumni.portal_mail (member_id, kind, locale, address, not_before, created_at)
VALUES ($1, 'AddressConfirmation', $2, $3, $4, $4)
