-- Makes every mailed link of a member useless.
DELETE FROM alumni.sign_in_link WHERE member_id = $1
