-- Requests the erasure; a request that is already there stands.
INSERT INTO alumni.erasure_request (id, member_id, source, received_at)
VALUES ($1, $2, 'Withdrawal', $3) ON CONFLICT (member_id) DO NOTHING
