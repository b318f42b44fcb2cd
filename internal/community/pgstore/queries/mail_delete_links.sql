-- Takes back links that are not mailed yet.
DELETE FROM alumni.portal_mail WHERE member_id = $1 AND kind IN ('SignInLink', 'AddressConfirmation')
