CREATE TABLE alumni_operator.claim (
    singleton   boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    cluster_id  text NOT NULL,
    namespace   text NOT NULL,
    name        text NOT NULL,
    network_uid text NOT NULL,
    claimed_at  timestamptz NOT NULL DEFAULT now()
)
