-- The name of the run whose mail held the link.
SELECT run_name FROM alumni.campaign_run WHERE id = $1
