-- Records a link that is about to be mailed to one of the staff.
INSERT INTO alumni.staff_link (token_hash, staff_id, created_at, expires_at) VALUES ($1, $2, $3, $4)
