-- A listed or invited person becomes a member.
UPDATE alumni.member
SET state = 'Active', joined_at = $2, last_active_at = $2, updated_at = $2
WHERE id = $1
