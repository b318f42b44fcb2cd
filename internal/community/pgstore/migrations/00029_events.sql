-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Meetings of a network: members and the network's office organise them, and members register.
--
-- Whoever empties a seat, by cancelling, leaving, being erased or by more room, hands it to the first who waits, in the same
-- transaction: triggers see to it, so that no program can forget. The event's row is the lock of its seats.
--
-- recipient_id has no foreign key, for the reason given in 00009: triggers let the rows go with their member. An event outlives its
-- organiser when others have registered.

-- +goose Up
CREATE TABLE IF NOT EXISTS alumni.event (
    id           uuid PRIMARY KEY,
    kind         text NOT NULL CHECK (kind IN ('Exchange', 'Seminar', 'Workshop', 'Panel', 'Webinar', 'Reunion', 'Volunteering', 'Circle', 'Consultation')),
    organiser    text NOT NULL CHECK (organiser IN ('Member', 'Office')),
    recipient_id uuid CHECK (organiser = 'Member' OR recipient_id IS NULL),  -- the member who organises; null once gone
    locale       text NOT NULL CHECK (locale IN ('ja', 'en')),               -- of the texts
    title        text NOT NULL,
    place        text NOT NULL DEFAULT '',
    description  text NOT NULL DEFAULT '',
    form         text NOT NULL CHECK (form IN ('OnSite', 'Online', 'Both')),
    online_link  text NOT NULL DEFAULT '' CHECK (online_link = '' OR online_link LIKE 'https://%'),
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    time_zone    text NOT NULL,                      -- in which its times were given
    capacity     int CHECK (capacity BETWEEN 1 AND 10000),                   -- null: no bound
    registration_closes_at timestamptz CHECK (registration_closes_at <= starts_at),  -- null: when it starts
    state        text NOT NULL CHECK (state IN ('Draft', 'Published', 'Cancelled')),
    sequence     int NOT NULL DEFAULT 0,             -- of the calendar file: grows with every change
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    CHECK (ends_at > starts_at AND ends_at - starts_at <= interval '31 days')
);
CREATE INDEX IF NOT EXISTS event_published ON alumni.event (starts_at, id) WHERE state = 'Published';
CREATE INDEX IF NOT EXISTS event_recipient ON alumni.event (recipient_id);

CREATE TABLE IF NOT EXISTS alumni.event_registration (
    event_id     uuid NOT NULL REFERENCES alumni.event,
    recipient_id uuid NOT NULL,                      -- the member
    state        text NOT NULL CHECK (state IN ('Registered', 'Waiting', 'Cancelled')),
    turn         bigint NOT NULL,                    -- in the order of those who registered
    listed       boolean NOT NULL,                   -- may be named among those who come
    created_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,
    PRIMARY KEY (event_id, recipient_id),
    UNIQUE (event_id, turn)
);
CREATE INDEX IF NOT EXISTS event_registration_recipient ON alumni.event_registration (recipient_id);
CREATE INDEX IF NOT EXISTS event_registration_queue ON alumni.event_registration (event_id, state, turn);

-- A notice is of a campaign's run, or of an event.
ALTER TABLE alumni.notice ALTER COLUMN run_id DROP NOT NULL;
ALTER TABLE alumni.notice ADD COLUMN IF NOT EXISTS kind text NOT NULL DEFAULT 'Campaign';
ALTER TABLE alumni.notice ADD COLUMN IF NOT EXISTS event_id uuid;
ALTER TABLE alumni.notice DROP CONSTRAINT IF EXISTS notice_source;
ALTER TABLE alumni.notice ADD CONSTRAINT notice_source CHECK ((run_id IS NULL) <> (event_id IS NULL)) NOT VALID;

ALTER TABLE alumni.portal_mail ADD COLUMN IF NOT EXISTS event_id uuid;
ALTER TABLE alumni.portal_mail DROP CONSTRAINT IF EXISTS portal_mail_kind_check;
ALTER TABLE alumni.portal_mail ADD CONSTRAINT portal_mail_kind_check
    CHECK (kind IN ('SignInLink', 'WithdrawalReceipt', 'AddressConfirmation', 'AddressChanged', 'EventSeat', 'EventCancelled'));

-- +goose StatementBegin
-- Tells members something of an event by a notice, and by mail, too, unless they have paused contact or get no mail at all. What is told takes
-- the place of changes that were not read yet: an organiser who changes something ten times has told it once.
CREATE OR REPLACE FUNCTION alumni.event_tell(told_event uuid, members uuid[], told text, by_mail boolean) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM alumni.notice n
    WHERE n.recipient_id = ANY (members) AND n.event_id = told_event AND n.kind = 'EventChanged' AND n.seen_at IS NULL
      AND told IN ('EventChanged', 'EventCancelled');
    INSERT INTO alumni.notice (recipient_id, locale, kind, event_id, title, body)
    SELECT m.id, m.locale, told, e.id, e.title, ''
    FROM alumni.member m JOIN alumni.event e ON e.id = told_event
    WHERE m.id = ANY (members) AND m.state IN ('Active', 'Paused');
    INSERT INTO alumni.portal_mail (member_id, kind, locale, event_id)
    SELECT m.id, told, m.locale, told_event
    FROM alumni.member m JOIN alumni.contact c ON c.member_id = m.id AND c.channel = 'Email'
    WHERE by_mail AND m.id = ANY (members) AND (m.state = 'Active' OR m.state = 'Paused' AND m.paused_until <= now())
      AND NOT EXISTS (SELECT FROM alumni.suppression s
                      WHERE s.member_id = m.id AND s.channel = 'Email' AND (s.expires_at IS NULL OR s.expires_at > now()));
$$;

-- Gives the free seats of an event that is yet to come to the first who wait. A row that somebody else has locked belongs to a member who
-- is being erased, and is passed by.
CREATE OR REPLACE FUNCTION alumni.event_move_up(moved_event uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    seats bigint;
    moved uuid[];
BEGIN
    SELECT e.capacity INTO seats FROM alumni.event e
    WHERE e.id = moved_event AND e.state = 'Published' AND e.starts_at > now() FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- Without a bound there is one for everybody: LIMIT NULL.
    SELECT CASE WHEN seats IS NOT NULL THEN greatest(seats - count(*), 0) END INTO seats FROM alumni.event_registration r WHERE r.event_id = moved_event AND r.state = 'Registered';
    WITH first AS (
        SELECT r.recipient_id FROM alumni.event_registration r
        WHERE r.event_id = moved_event AND r.state = 'Waiting' ORDER BY r.turn LIMIT seats FOR UPDATE SKIP LOCKED
    ), seated AS (
        UPDATE alumni.event_registration r SET state = 'Registered', changed_at = now()
        FROM first f WHERE r.event_id = moved_event AND r.recipient_id = f.recipient_id
        RETURNING r.recipient_id
    )
    SELECT array_agg(recipient_id) INTO moved FROM seated;
    IF moved IS NOT NULL THEN
        PERFORM alumni.event_tell(moved_event, moved, 'EventSeat', true);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION alumni.event_registration_freed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    freed uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT b.event_id ORDER BY b.event_id) INTO freed FROM before b WHERE b.state = 'Registered';
    ELSE
        SELECT array_agg(DISTINCT b.event_id ORDER BY b.event_id) INTO freed
        FROM before b JOIN after a ON a.event_id = b.event_id AND a.recipient_id = b.recipient_id
        WHERE b.state = 'Registered' AND a.state <> 'Registered';
    END IF;
    FOR i IN 1 .. coalesce(cardinality(freed), 0) LOOP
        PERFORM alumni.event_move_up(freed[i]);
    END LOOP;
    RETURN NULL;
END $$;

-- Tells those who registered what has become of the event, and lets more room be used.
CREATE OR REPLACE FUNCTION alumni.event_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.sequence > OLD.sequence AND NEW.ends_at > now() THEN
        PERFORM alumni.event_tell(NEW.id,
            (SELECT array_agg(r.recipient_id) FROM alumni.event_registration r WHERE r.event_id = NEW.id AND r.state <> 'Cancelled'),
            CASE NEW.state WHEN 'Cancelled' THEN 'EventCancelled' ELSE 'EventChanged' END, NEW.state = 'Cancelled');
    END IF;
    IF NEW.capacity IS DISTINCT FROM OLD.capacity THEN
        PERFORM alumni.event_move_up(NEW.id);
    END IF;
    RETURN NULL;
END $$;

-- Takes leavers off every list at once. What they organise is cancelled when nobody else has registered; otherwise those who have are told.
CREATE OR REPLACE FUNCTION alumni.event_part(leavers uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    left_alone uuid;
BEGIN
    PERFORM FROM alumni.event e
    WHERE e.id IN (SELECT o.id FROM alumni.event o WHERE o.recipient_id = ANY (leavers)
                   UNION SELECT r.event_id FROM alumni.event_registration r WHERE r.recipient_id = ANY (leavers) AND r.state <> 'Cancelled')
    ORDER BY e.id FOR NO KEY UPDATE;
    UPDATE alumni.event_registration r SET state = 'Cancelled', changed_at = now()
    WHERE r.recipient_id = ANY (leavers) AND r.state <> 'Cancelled';
    UPDATE alumni.event e SET state = 'Cancelled', updated_at = now()
    WHERE e.recipient_id = ANY (leavers) AND e.state <> 'Cancelled' AND e.ends_at > now()
      AND NOT EXISTS (SELECT FROM alumni.event_registration r WHERE r.event_id = e.id AND r.state <> 'Cancelled');
    FOR left_alone IN SELECT e.id FROM alumni.event e
                      WHERE e.recipient_id = ANY (leavers) AND e.state = 'Published' AND e.ends_at > now() LOOP
        PERFORM alumni.event_tell(left_alone,
            (SELECT array_agg(r.recipient_id) FROM alumni.event_registration r WHERE r.event_id = left_alone AND r.state <> 'Cancelled'),
            'EventOrganiserLeft', false);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION alumni.event_leave() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM alumni.event_part(ARRAY[NEW.id]);
    RETURN NULL;
END $$;

-- An event goes with its organiser unless others have registered. One that stays keeps its text as long as they need it.
CREATE OR REPLACE FUNCTION alumni.event_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    erased uuid[];
    present uuid[];
BEGIN
    SELECT array_agg(g.id), array_agg(g.id) FILTER (WHERE g.state <> 'Withdrawn') INTO erased, present FROM gone g;
    IF present IS NOT NULL THEN
        PERFORM alumni.event_part(present);
    END IF;
    DELETE FROM alumni.event_registration r WHERE r.recipient_id = ANY (erased);
    DELETE FROM alumni.event e WHERE e.recipient_id = ANY (erased)
        AND NOT EXISTS (SELECT FROM alumni.event_registration r WHERE r.event_id = e.id);
    UPDATE alumni.event e SET recipient_id = NULL,
        description = CASE WHEN e.state = 'Published' AND e.ends_at > now() THEN e.description ELSE '' END,
        online_link = CASE WHEN e.state = 'Published' AND e.ends_at > now() THEN e.online_link ELSE '' END
    WHERE e.recipient_id = ANY (erased);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION alumni.event_registration_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.event_registration r USING gone WHERE r.recipient_id = gone.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.event_tell(uuid, uuid[], text, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.event_move_up(uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.event_registration_freed() FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.event_changed() FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.event_part(uuid[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.event_leave() FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.event_follow() FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.event_registration_follow() FROM PUBLIC;
CREATE OR REPLACE TRIGGER event_registration_changed AFTER UPDATE ON alumni.event_registration
    REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION alumni.event_registration_freed();
CREATE OR REPLACE TRIGGER event_registration_deleted AFTER DELETE ON alumni.event_registration
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION alumni.event_registration_freed();
CREATE OR REPLACE TRIGGER event_changes AFTER UPDATE ON alumni.event FOR EACH ROW EXECUTE FUNCTION alumni.event_changed();
CREATE OR REPLACE TRIGGER event_leaves AFTER UPDATE OF state ON alumni.member
    FOR EACH ROW WHEN (NEW.state = 'Withdrawn' AND OLD.state <> 'Withdrawn') EXECUTE FUNCTION alumni.event_leave();
CREATE OR REPLACE TRIGGER event_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.event_follow();
CREATE OR REPLACE TRIGGER event_registration_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.event_registration_follow();

COMMENT ON TABLE alumni.event IS 'AuthoredContent: Meetings that members and the network organise. One to which others have registered outlives its organiser.';
COMMENT ON COLUMN alumni.event.id IS 'none';
COMMENT ON COLUMN alumni.event.kind IS 'none';
COMMENT ON COLUMN alumni.event.organiser IS 'none: Member, or Office for the network itself.';
COMMENT ON COLUMN alumni.event.recipient_id IS 'identifier: The member who organises it; empty once they are gone.';
COMMENT ON COLUMN alumni.event.locale IS 'none';
COMMENT ON COLUMN alumni.event.title IS 'content';
COMMENT ON COLUMN alumni.event.place IS 'content';
COMMENT ON COLUMN alumni.event.description IS 'content: Free text.';
COMMENT ON COLUMN alumni.event.form IS 'none';
COMMENT ON COLUMN alumni.event.online_link IS 'content';
COMMENT ON COLUMN alumni.event.starts_at IS 'technical';
COMMENT ON COLUMN alumni.event.ends_at IS 'technical';
COMMENT ON COLUMN alumni.event.time_zone IS 'technical';
COMMENT ON COLUMN alumni.event.capacity IS 'none';
COMMENT ON COLUMN alumni.event.registration_closes_at IS 'technical';
COMMENT ON COLUMN alumni.event.state IS 'technical';
COMMENT ON COLUMN alumni.event.sequence IS 'technical: How often it was changed.';
COMMENT ON COLUMN alumni.event.created_at IS 'technical';
COMMENT ON COLUMN alumni.event.updated_at IS 'technical';
COMMENT ON TABLE alumni.event_registration IS 'EventAttendance: Who comes to which meeting, or waits for a seat.';
COMMENT ON COLUMN alumni.event_registration.event_id IS 'content';
COMMENT ON COLUMN alumni.event_registration.recipient_id IS 'identifier';
COMMENT ON COLUMN alumni.event_registration.state IS 'content';
COMMENT ON COLUMN alumni.event_registration.turn IS 'technical: Order in which they registered.';
COMMENT ON COLUMN alumni.event_registration.listed IS 'technical: Whether they may be named among those who come.';
COMMENT ON COLUMN alumni.event_registration.created_at IS 'technical';
COMMENT ON COLUMN alumni.event_registration.changed_at IS 'technical';
COMMENT ON TABLE alumni.notice IS 'Messages: What a campaign or an event tells a member in the portal.';
COMMENT ON COLUMN alumni.notice.kind IS 'technical: Campaign, or what happened to an event.';
COMMENT ON COLUMN alumni.notice.event_id IS 'content: The event that it tells of.';
COMMENT ON COLUMN alumni.portal_mail.event_id IS 'content: The event that it tells of.';
