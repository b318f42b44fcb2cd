-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Members link their LINE account, and find in the portal what campaigns tell them there.

-- +goose Up
ALTER TABLE alumni.contact DROP CONSTRAINT IF EXISTS contact_channel_check;
ALTER TABLE alumni.contact ADD CONSTRAINT contact_channel_check CHECK (channel IN ('Email', 'LINE'));
ALTER TABLE alumni.suppression DROP CONSTRAINT IF EXISTS suppression_channel_check;
ALTER TABLE alumni.suppression ADD CONSTRAINT suppression_channel_check CHECK (channel IN ('Email', 'LINE'));
ALTER TABLE alumni.suppression DROP CONSTRAINT IF EXISTS suppression_reason_check;
ALTER TABLE alumni.suppression ADD CONSTRAINT suppression_reason_check
    CHECK (reason IN ('Unsubscribed', 'HardBounce', 'SoftBounce', 'Complaint', 'Unfollowed'));

-- What campaigns told a member in the portal. It says what was said then, whatever has changed since.
CREATE TABLE IF NOT EXISTS alumni.notice (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id       bigint NOT NULL,                    -- no foreign key, as in alumni.delivery
    recipient_id uuid NOT NULL,                      -- the member; see the trigger
    locale       text NOT NULL CHECK (locale IN ('ja', 'en')),
    title        text NOT NULL,
    body         text NOT NULL,                      -- HTML that has passed the sanitiser of internal/content
    created_at   timestamptz NOT NULL DEFAULT now(),
    seen_at      timestamptz,                        -- when the member opened it
    UNIQUE (run_id, recipient_id)                    -- written once, however often its outcome is
);
CREATE INDEX IF NOT EXISTS notice_recipient ON alumni.notice (recipient_id, created_at DESC);

-- How members link their LINE account: a code that the portal shows is sent to the network's account in LINE. Once it has arrived, a trigger
-- writes the contact, so that the portal may write to no other.
CREATE TABLE IF NOT EXISTS alumni.line_link (
    recipient_id uuid PRIMARY KEY,                   -- the member; see the trigger
    code_hash    bytea UNIQUE,                       -- SHA-256 of a code that waits; the code is only on the member's screen
    expires_at   timestamptz,                        -- of the code
    user_id      text,                               -- LINE's name of the member for this account; null until linked
    linked_at    timestamptz
);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.notice_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.notice n USING gone WHERE n.recipient_id = gone.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION alumni.line_link_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.line_link l USING gone WHERE l.recipient_id = gone.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION alumni.line_link_contact() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.user_id IS NOT NULL AND (TG_OP = 'DELETE' OR NEW.user_id IS DISTINCT FROM OLD.user_id) THEN
        DELETE FROM alumni.contact WHERE member_id = OLD.recipient_id AND channel = 'LINE';
        DELETE FROM alumni.suppression WHERE member_id = OLD.recipient_id AND channel = 'LINE';
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.user_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.user_id IS DISTINCT FROM OLD.user_id) THEN
        INSERT INTO alumni.contact (member_id, channel, address, source, verified_at) VALUES (NEW.recipient_id, 'LINE', NEW.user_id, 'Member', now());
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.line_link_contact() FROM PUBLIC;
CREATE OR REPLACE TRIGGER line_link_writes_contact AFTER INSERT OR UPDATE OR DELETE ON alumni.line_link
    FOR EACH ROW EXECUTE FUNCTION alumni.line_link_contact();
REVOKE ALL ON FUNCTION alumni.notice_follow() FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.line_link_follow() FROM PUBLIC;
CREATE OR REPLACE TRIGGER notice_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.notice_follow();
CREATE OR REPLACE TRIGGER line_link_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.line_link_follow();
