-- Forgets suppressions that ended before $1, and what came back before $2.
WITH ended AS (
    DELETE FROM alumni.suppression WHERE expires_at <= $1
)
DELETE FROM alumni.bounce WHERE noted_at < $2
