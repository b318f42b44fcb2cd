-- How many notices a member has not opened.
SELECT count(*) FROM alumni.notice WHERE recipient_id = $1 AND seen_at IS NULL
