-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- What campaigns ask members, who has answered, and what was answered.
--
-- An answer to an anonymous survey has neither member nor run nor time, and a random identifier; that a member has answered stands apart
-- from it, without a time either. recipient_id has no foreign key, for the reason given in 00007: a trigger lets the rows go with their
-- member.

-- +goose Up
CREATE TABLE IF NOT EXISTS alumni.survey (
    campaign_uid text PRIMARY KEY,
    definition   jsonb NOT NULL,                 -- internal/survey.Definition, as it was when a run was planned
    closes_at    timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS alumni.survey_participant (
    campaign_uid text NOT NULL,
    recipient_id uuid NOT NULL,                  -- the member who answered
    PRIMARY KEY (campaign_uid, recipient_id)
);
CREATE INDEX IF NOT EXISTS survey_participant_recipient ON alumni.survey_participant (recipient_id);

CREATE TABLE IF NOT EXISTS alumni.survey_answer (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    campaign_uid text NOT NULL,
    recipient_id uuid,                           -- the member, of a named survey; null of an anonymous one
    answers      jsonb NOT NULL                  -- the values given, by the name of the question
);
CREATE INDEX IF NOT EXISTS survey_answer_campaign ON alumni.survey_answer (campaign_uid, id);
CREATE INDEX IF NOT EXISTS survey_answer_recipient ON alumni.survey_answer (recipient_id);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.survey_participant_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.survey_participant p USING gone WHERE p.recipient_id = gone.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION alumni.survey_answer_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.survey_answer a USING gone WHERE a.recipient_id = gone.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.survey_participant_follow() FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.survey_answer_follow() FROM PUBLIC;
CREATE OR REPLACE TRIGGER survey_participant_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.survey_participant_follow();
CREATE OR REPLACE TRIGGER survey_answer_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.survey_answer_follow();

-- Each anonymous answer is written together with four others, chosen by lot, anew and in a random order. Without it the order of the rows
-- in a table or in a dump, and the number of the transaction that wrote them, would tell which member gave which answer. The lot is the
-- identifier: the four that follow it are chance, and found without reading all. Answers to one survey come one after the other, so that
-- each finds the ones before it, however many come at once.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.survey_answer_mix() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM alumni.survey s WHERE s.campaign_uid IN (SELECT f.campaign_uid FROM fresh f WHERE f.recipient_id IS NULL)
    ORDER BY s.campaign_uid FOR UPDATE;
    WITH mixed AS (
        DELETE FROM alumni.survey_answer a
        WHERE a.id IN (
            SELECT f.id FROM fresh f WHERE f.recipient_id IS NULL
            UNION ALL
            SELECT n.id FROM fresh f CROSS JOIN LATERAL (
                SELECT y.id FROM (
                    (SELECT x.id FROM alumni.survey_answer x
                     WHERE x.campaign_uid = f.campaign_uid AND x.recipient_id IS NULL AND x.id > f.id ORDER BY x.id LIMIT 4)
                    UNION ALL
                    (SELECT x.id FROM alumni.survey_answer x
                     WHERE x.campaign_uid = f.campaign_uid AND x.recipient_id IS NULL AND x.id < f.id ORDER BY x.id LIMIT 4)) y
                ORDER BY y.id < f.id, y.id LIMIT 4) n
            WHERE f.recipient_id IS NULL)
        RETURNING a.campaign_uid, a.answers)
    INSERT INTO alumni.survey_answer (campaign_uid, answers) SELECT campaign_uid, answers FROM mixed ORDER BY random();
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.survey_answer_mix() FROM PUBLIC;
CREATE OR REPLACE TRIGGER survey_answer_mixes AFTER INSERT ON alumni.survey_answer
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION alumni.survey_answer_mix();

-- How many answered; nothing while they are fewer than five, by whom nobody could be hidden.
CREATE OR REPLACE VIEW alumni_stats.surveys AS
SELECT s.campaign_uid, s.definition, s.closes_at, CASE WHEN c.answered >= 5 THEN c.answered END AS answered
FROM alumni.survey s CROSS JOIN LATERAL (SELECT count(*) AS answered FROM alumni.survey_answer a WHERE a.campaign_uid = s.campaign_uid) c;

-- How often each value was given; value '' counts who answered the question at all. Words of members are never here.
CREATE OR REPLACE VIEW alumni_stats.survey_counts AS
SELECT s.campaign_uid, q.question ->> 'name' AS question, v.value, count(*) AS answers
FROM alumni_stats.surveys s
CROSS JOIN LATERAL jsonb_array_elements(s.definition -> 'questions') AS q (question)
JOIN alumni.survey_answer a ON a.campaign_uid = s.campaign_uid AND a.answers ? (q.question ->> 'name')
CROSS JOIN LATERAL (
    SELECT '' AS value
    UNION ALL
    SELECT jsonb_array_elements_text(a.answers -> (q.question ->> 'name')) WHERE q.question ->> 'kind' <> 'Text') v
WHERE s.answered IS NOT NULL
GROUP BY 1, 2, 3;

COMMENT ON TABLE alumni.survey IS 'None: What a campaign asks members.';
COMMENT ON COLUMN alumni.survey.campaign_uid IS 'none';
COMMENT ON COLUMN alumni.survey.definition IS 'none';
COMMENT ON COLUMN alumni.survey.closes_at IS 'none';
COMMENT ON TABLE alumni.survey_participant IS 'Engagement: That a member answered a survey, and not what.';
COMMENT ON COLUMN alumni.survey_participant.campaign_uid IS 'technical';
COMMENT ON COLUMN alumni.survey_participant.recipient_id IS 'identifier';
COMMENT ON TABLE alumni.survey_answer IS 'Engagement: What was answered to a survey.';
COMMENT ON COLUMN alumni.survey_answer.id IS 'technical: Random.';
COMMENT ON COLUMN alumni.survey_answer.campaign_uid IS 'technical';
COMMENT ON COLUMN alumni.survey_answer.recipient_id IS 'identifier: The member, of a named survey; nobody, of an anonymous one.';
COMMENT ON COLUMN alumni.survey_answer.answers IS 'content: Free text, too.';
