-- For which reasons the own post $2 of $1 was reported.
SELECT DISTINCT r.reason FROM alumni.post_report r JOIN alumni.post p ON p.id = r.post_id AND p.recipient_id = $1 WHERE r.post_id = $2 ORDER BY 1
