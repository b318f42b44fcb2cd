-- What an unsubscribe link can still change, for a member locked before: is the purpose in force, did this run's
-- link already act, is all mail stopped without an end. Purposes without a consent of their own give false.
SELECT EXISTS (SELECT FROM alumni.consent_state WHERE member_id = $1 AND purpose = $2 AND decision = 'Given') AS in_force,
       EXISTS (SELECT FROM alumni.consent WHERE member_id = $1 AND channel = 'Email' AND decision = 'Withdrawn' AND source = $3) AS acted,
       EXISTS (SELECT FROM alumni.suppression WHERE member_id = $1 AND channel = 'Email' AND expires_at IS NULL) AS suppressed
