-- One captured mail as it was sent.
SELECT message FROM alumni.captured_mail WHERE id = $1
