CREATE TABLE alumni_operator.restore (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    state      text NOT NULL DEFAULT 'Empty' CHECK (state IN ('Empty', 'Restored', 'Done')),
    epoch      bigint NOT NULL DEFAULT 0,
    run        text NOT NULL DEFAULT '',
    failure    text NOT NULL DEFAULT '',
    backup     text NOT NULL DEFAULT '',
    taken_at   timestamptz,
    rows       bigint NOT NULL DEFAULT 0,
    erased     bigint NOT NULL DEFAULT 0,
    started_at timestamptz,
    ended_at   timestamptz
)
