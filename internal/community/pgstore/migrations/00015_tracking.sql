-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- What is learnt of campaign mails after they were sent: how often links were followed, and, of members who consented to it, which
-- links they followed and whether they opened the mail. Nothing is kept of the machine that they did it with.
--
-- recipient_id has no foreign key, for the reason given in 00007: a trigger lets the rows go with their member.

-- +goose Up
ALTER TABLE alumni.consent DROP CONSTRAINT IF EXISTS consent_purpose_check;
ALTER TABLE alumni.consent ADD CONSTRAINT consent_purpose_check
    CHECK (purpose IN ('Network', 'Newsletter', 'Events', 'Jobs', 'Surveys', 'Tracking'));

-- What the mails of a run were made to tell.
ALTER TABLE alumni.campaign_run ADD COLUMN IF NOT EXISTS tracked_clicks text NOT NULL DEFAULT 'Disabled';
ALTER TABLE alumni.campaign_run ADD COLUMN IF NOT EXISTS tracked_opens text NOT NULL DEFAULT 'Disabled';

-- Counts, so that they outlive the members. count is of people as far as one can tell, machine of programs that look at links.
CREATE TABLE IF NOT EXISTS alumni.tracking_count (
    run_id  bigint NOT NULL REFERENCES alumni.campaign_run,
    kind    text NOT NULL CHECK (kind IN ('Click', 'Open')),
    link    smallint NOT NULL,                    -- its place in the text; 0 for an opened mail
    variant text NOT NULL DEFAULT '',
    count   bigint NOT NULL,
    machine bigint NOT NULL,
    PRIMARY KEY (run_id, kind, link, variant)
);

-- Members with a live consent to Tracking: each link of a run once, each mail once. The portal forgets old ones, and those of members
-- who take their consent back.
CREATE TABLE IF NOT EXISTS alumni.tracking_event (
    recipient_id uuid NOT NULL,                   -- the member
    run_id       bigint NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('Click', 'Open')),
    link         smallint NOT NULL,
    noted_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (recipient_id, run_id, kind, link)
);
CREATE INDEX IF NOT EXISTS tracking_event_noted ON alumni.tracking_event (noted_at);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.tracking_event_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.tracking_event t USING gone WHERE t.recipient_id = gone.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.tracking_event_follow() FROM PUBLIC;
CREATE OR REPLACE TRIGGER tracking_event_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.tracking_event_follow();

CREATE OR REPLACE VIEW alumni_stats.campaign_tracking AS
SELECT r.id AS run_id, r.tracked_clicks AS clicks, r.tracked_opens AS opens,
       coalesce(sum(t.count) FILTER (WHERE t.kind = 'Click'), 0)::bigint AS clicked,
       coalesce(sum(t.count) FILTER (WHERE t.kind = 'Open'), 0)::bigint AS opened
FROM alumni.campaign_run r LEFT JOIN alumni.tracking_count t ON t.run_id = r.id
GROUP BY r.id;
