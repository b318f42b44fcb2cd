-- A member's times of employment, the last first. The reason for leaving is not granted to this role.
SELECT department, post, joined_on, left_on
FROM alumni.employment WHERE member_id = $1 ORDER BY left_on DESC NULLS FIRST, joined_on DESC NULLS LAST, id DESC
