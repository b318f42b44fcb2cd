-- Whether an address is somebody's, and which one is the member's; empty when it has none.
SELECT EXISTS (SELECT FROM alumni.contact WHERE channel = 'Email' AND lower(address) = lower($2)),
       coalesce((SELECT address FROM alumni.contact WHERE channel = 'Email' AND member_id = $1), '')
