-- Keeps one mail, unless its member was erased meanwhile. The lock keeps an erasure waiting until the mail can be seen by it.
-- $1: member; $2: recipient; $3: subject; $4: the message
INSERT INTO alumni.captured_mail (recipient_id, recipient, subject, message)
SELECT m.id, $2, $3, $4 FROM alumni.member m WHERE m.id = $1 FOR KEY SHARE
