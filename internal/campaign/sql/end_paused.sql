-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Ends the runs that rested beyond their deadline: nobody can let them go on any more. Whoever was to be written to for an occasion
-- and was not may be yet.
WITH dead AS (
    UPDATE alumni.campaign_run SET state = 'Failed', finished_at = now()
    WHERE state = 'Paused' AND deadline <= now()
    RETURNING id), late AS (
    UPDATE alumni.delivery
    SET state = CASE WHEN doubt_since IS NULL THEN 'Expired' ELSE 'Unknown' END, reason = CASE WHEN doubt_since IS NULL THEN reason ELSE 'NoAnswer' END
    WHERE run_id IN (SELECT id FROM dead) AND state IN ('Planned', 'Deferred')
    RETURNING run_id, member_id, step), chunks AS (
    DELETE FROM alumni.delivery_chunk WHERE run_id IN (SELECT id FROM dead)), left_out AS (
    DELETE FROM alumni.enrolment n USING late l WHERE n.run_id = l.run_id AND n.recipient_id = l.member_id AND n.step = 2 AND l.step = 1)
DELETE FROM alumni.occasion o USING late l WHERE o.run_id = l.run_id AND o.recipient_id = l.member_id;
