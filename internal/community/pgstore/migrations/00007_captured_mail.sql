-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- In a trial every mail stays here instead of going to a mail server. In a network for real people the table stays empty.
-- The portal keeps it short: see captured_purge.sql.
--
-- recipient_id has no foreign key: the retention worker of the version before, which may serve this schema, refuses to erase
-- where it finds a key that it does not know. A trigger lets the mails go with their member, whichever version erases.

-- +goose Up
CREATE TABLE IF NOT EXISTS alumni.captured_mail (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipient_id uuid NOT NULL,                  -- the member
    recipient    text NOT NULL,
    subject      text NOT NULL DEFAULT '',
    message      bytea NOT NULL CHECK (octet_length(message) <= 4194304), -- as a mail server would have been given it
    captured_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS captured_mail_recipient ON alumni.captured_mail (recipient_id);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.captured_mail_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.captured_mail c USING gone WHERE c.recipient_id = gone.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.captured_mail_follow() FROM PUBLIC;
CREATE OR REPLACE TRIGGER captured_mail_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.captured_mail_follow();
