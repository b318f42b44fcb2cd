-- Makes sure that one of the staff is known.
INSERT INTO alumni.staff (address_key, first_seen_at) VALUES ($1, $2) ON CONFLICT (address_key) DO NOTHING
