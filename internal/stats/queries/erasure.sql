-- People who asked to be erased and are not yet.
SELECT open, oldest_received_at, newest_received_at FROM alumni_stats.erasure_requests
