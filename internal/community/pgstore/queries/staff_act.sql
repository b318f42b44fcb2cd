-- Notes what one of the staff did or looked at.
INSERT INTO alumni.staff_action (staff_id, action, subject, at) VALUES ($1, $2, $3, $4)
