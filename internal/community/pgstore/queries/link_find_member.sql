-- The member with an address, locked so that two requests at once are counted one after the other.
SELECT m.id, m.state
FROM alumni.contact c JOIN alumni.member m ON m.id = c.member_id
WHERE c.channel = 'Email' AND lower(c.address) = lower($1) AND m.state <> 'Withdrawn'
FOR NO KEY UPDATE OF m
