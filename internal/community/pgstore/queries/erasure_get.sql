-- A member's erasure request.
SELECT id, received_at FROM alumni.erasure_request WHERE member_id = $1
