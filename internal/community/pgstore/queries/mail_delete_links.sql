-- Takes back what a person who leaves has no use for any more: links, and what would be told of events.
DELETE FROM alumni.portal_mail WHERE member_id = $1 AND kind IN ('SignInLink', 'AddressConfirmation', 'EventSeat', 'EventCancelled')
