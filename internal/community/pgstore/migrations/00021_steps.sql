-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Members who got the first message of a campaign, and get others after it.
--
-- recipient_id has no foreign key, for the reason given in 00007: a trigger lets the rows go with their member.

-- +goose Up
CREATE TABLE IF NOT EXISTS alumni.enrolment (
    campaign_uid text NOT NULL,
    recipient_id uuid NOT NULL,                  -- the member
    step         smallint NOT NULL CHECK (step > 1), -- the next; the first message is step 1
    due_on       date,                           -- a day of the network's zone; null once nothing follows
    ended        text NOT NULL DEFAULT '' CHECK (ended IN ('', 'Completed', 'Exited', 'Refused')),
    run_id       bigint NOT NULL,                -- that moved it last
    enrolled_at  timestamptz NOT NULL DEFAULT now(),
    CHECK ((due_on IS NULL) = (ended <> '')),
    PRIMARY KEY (campaign_uid, recipient_id)
);
CREATE INDEX IF NOT EXISTS enrolment_due ON alumni.enrolment (campaign_uid, due_on) WHERE due_on IS NOT NULL;
CREATE INDEX IF NOT EXISTS enrolment_recipient ON alumni.enrolment (recipient_id);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.enrolment_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.enrolment n USING gone WHERE n.recipient_id = gone.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.enrolment_follow() FROM PUBLIC;
CREATE OR REPLACE TRIGGER enrolment_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.enrolment_follow();

-- How many members are before each step, and how the others ended.
CREATE OR REPLACE VIEW alumni_stats.campaign_steps AS
SELECT campaign_uid, step, ended, count(*) AS members, min(due_on) AS due_on
FROM alumni.enrolment GROUP BY campaign_uid, step, ended;

COMMENT ON TABLE alumni.enrolment IS 'DeliveryLogs: How far a member is in the messages of a campaign that follow one another.';
COMMENT ON COLUMN alumni.enrolment.campaign_uid IS 'technical';
COMMENT ON COLUMN alumni.enrolment.recipient_id IS 'identifier';
COMMENT ON COLUMN alumni.enrolment.step IS 'technical';
COMMENT ON COLUMN alumni.enrolment.due_on IS 'technical';
COMMENT ON COLUMN alumni.enrolment.ended IS 'technical';
COMMENT ON COLUMN alumni.enrolment.run_id IS 'technical';
COMMENT ON COLUMN alumni.enrolment.enrolled_at IS 'technical';
