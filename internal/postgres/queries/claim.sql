-- Whose database this is. At most one row.
SELECT cluster_id, namespace, name, network_uid FROM alumni_operator.claim
