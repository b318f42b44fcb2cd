CREATE TABLE alumni_operator.trial (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton)
)
