-- The end of the audit chain.
SELECT seq, hash FROM alumni_stats.audit_chain ORDER BY seq DESC LIMIT 1
