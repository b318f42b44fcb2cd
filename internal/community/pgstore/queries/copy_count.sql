-- How much every table holds of a person who takes part. $1 member
SELECT c.category, c.relation, count(*)
FROM alumni.subject_copy c
WHERE c.subject = $1 AND EXISTS (SELECT FROM alumni.member m WHERE m.id = $1 AND m.state IN ('Active', 'Paused'))
GROUP BY c.category, c.relation
ORDER BY array_position('{Profile,Contact,Consent,DeliveryLogs,Messages,Engagement,AccessLogs,AuditRecords}'::text[], c.category), c.category, c.relation
