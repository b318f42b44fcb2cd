-- Forgets keys under which nothing counts any more.
DELETE FROM alumni.confirmation_count WHERE sent[cardinality(sent)] <= $1
