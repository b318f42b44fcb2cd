-- The member asks for mail again: it begins anew.
WITH forgotten AS (
    DELETE FROM alumni.bounce WHERE recipient_id = $1 AND kind = 'SoftBounce'
)
DELETE FROM alumni.suppression WHERE member_id = $1 AND channel = 'Email'
