-- Whether a member shows a name to alumni, and how much he or she wrote since $2.
SELECT coalesce((SELECT s.family_name <> '' OR s.given_name <> '' FROM alumni.seen_by_alumni s WHERE s.id = $1), false),
       (SELECT count(*) FROM alumni.post WHERE recipient_id = $1 AND created_at > $2),
       (SELECT count(*) FROM alumni.post_comment WHERE recipient_id = $1 AND created_at > $2)
