-- Counts one more member who left by a run's link.
INSERT INTO alumni.unsubscribe_count AS u (run_id, count)
SELECT id, 1 FROM alumni.campaign_run WHERE id = $1
ON CONFLICT (run_id) DO UPDATE SET count = u.count + 1
