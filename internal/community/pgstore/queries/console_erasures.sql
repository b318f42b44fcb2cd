-- How many people wait to be erased, and since when the one who waits longest does.
SELECT open, oldest_received_at FROM alumni_stats.erasure_requests
