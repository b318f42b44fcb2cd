-- One link of the audit chain, by its number.
SELECT hash FROM alumni_stats.audit_chain WHERE seq = $1
