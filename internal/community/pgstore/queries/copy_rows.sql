-- Everything that every table holds of a person. $1 member
SELECT c.category, c.relation, c.item
FROM alumni.subject_copy c
WHERE c.subject = $1
ORDER BY array_position('{Profile,Contact,Consent,DeliveryLogs,Messages,Engagement,AccessLogs,AuditRecords}'::text[], c.category), c.category, c.relation, c.item
