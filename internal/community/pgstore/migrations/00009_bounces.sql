-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- What came back to campaign mails, and what follows: an address that does not exist and a complaint suppress until somebody
-- decides otherwise, an address that could not be reached again and again suppresses for a while.
--
-- recipient_id has no foreign key: the retention worker of the version before, which may serve this schema, refuses to erase
-- where it finds a key that it does not know. A trigger lets the rows go with their member, whichever version erases.

-- +goose Up
-- One row of each kind for each mail: a report that comes twice changes nothing. The portal forgets old ones.
CREATE TABLE IF NOT EXISTS alumni.bounce (
    recipient_id uuid NOT NULL,                  -- the member
    run_id       bigint NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('HardBounce', 'SoftBounce', 'Complaint')),
    status       text NOT NULL DEFAULT '',       -- enhanced status code, never a server's text
    noted_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (recipient_id, run_id, kind)
);
CREATE INDEX IF NOT EXISTS bounce_noted ON alumni.bounce (noted_at);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.bounce_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.bounce b USING gone WHERE b.recipient_id = gone.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.bounce_follow() FROM PUBLIC;
CREATE OR REPLACE TRIGGER bounce_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.bounce_follow();

-- Members who complained about a mail of the run; a count, so that it outlives them.
CREATE TABLE IF NOT EXISTS alumni.complaint_count (
    run_id bigint PRIMARY KEY REFERENCES alumni.campaign_run,
    count  bigint NOT NULL
);

-- A suppression with an end is over then, whether or not its row is still there.
ALTER TABLE alumni.suppression
    ADD COLUMN IF NOT EXISTS expires_at timestamptz,
    DROP CONSTRAINT IF EXISTS suppression_reason_check,
    ADD CONSTRAINT suppression_reason_check CHECK (reason IN ('Unsubscribed', 'HardBounce', 'SoftBounce', 'Complaint'));
CREATE INDEX IF NOT EXISTS suppression_expires ON alumni.suppression (expires_at) WHERE expires_at IS NOT NULL;

-- What came back said something of the former address, and nothing of a new one. What the member decided stays.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.contact_forget_bounces() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.bounce WHERE recipient_id = OLD.member_id AND kind <> 'Complaint';
    DELETE FROM alumni.suppression
    WHERE member_id = OLD.member_id AND channel = OLD.channel AND reason IN ('HardBounce', 'SoftBounce');
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.contact_forget_bounces() FROM PUBLIC;
CREATE OR REPLACE TRIGGER contact_renewed AFTER UPDATE OF address ON alumni.contact
    FOR EACH ROW WHEN (OLD.address IS DISTINCT FROM NEW.address) EXECUTE FUNCTION alumni.contact_forget_bounces();

CREATE OR REPLACE VIEW alumni_stats.members AS
SELECT s.listed, s.invited, s.active, s.paused, s.withdrawn,
       (SELECT count(*) FROM alumni.member m
          JOIN alumni.contact c ON c.member_id = m.id AND c.channel = 'Email'
          JOIN alumni.consent_state s ON s.member_id = m.id AND s.purpose = 'Network' AND s.decision = 'Given'
          LEFT JOIN alumni.suppression x ON x.member_id = m.id AND x.channel = 'Email'
               AND (x.expires_at IS NULL OR x.expires_at > now())
         WHERE m.state = 'Active' AND x.member_id IS NULL) AS reachable,
       (SELECT count(*) FROM alumni.tombstone WHERE kind = 'Member') AS erased
FROM (SELECT count(*) FILTER (WHERE state = 'Listed')    AS listed,
             count(*) FILTER (WHERE state = 'Invited')   AS invited,
             count(*) FILTER (WHERE state = 'Active')    AS active,
             count(*) FILTER (WHERE state = 'Paused')    AS paused,
             count(*) FILTER (WHERE state = 'Withdrawn') AS withdrawn
      FROM alumni.member) s;

CREATE OR REPLACE VIEW alumni_stats.campaign_runs AS
SELECT r.id, r.run_name, r.campaign_uid, r.campaign, r.type, r.generation, r.state, r.failure, r.audience,
       r.scheduled_at, r.deadline, r.started_at, r.finished_at, coalesce(u.count, 0) AS unsubscribed,
       coalesce(c.count, 0) AS complaints
FROM alumni.campaign_run r
LEFT JOIN alumni.unsubscribe_count u ON u.run_id = r.id
LEFT JOIN alumni.complaint_count c ON c.run_id = r.id;
