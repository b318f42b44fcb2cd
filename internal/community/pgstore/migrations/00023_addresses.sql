-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Members change their address themselves. A new one is used for nothing until a link that was mailed to it was opened.
--
-- recipient_id has no foreign key, for the reason given in 00009: a trigger lets the rows go with their member.

-- +goose Up
-- An address that a member gave is there only once it was confirmed. The rows of before were all written by a link that was opened.
ALTER TABLE alumni.contact DROP CONSTRAINT IF EXISTS contact_confirmed;
ALTER TABLE alumni.contact ADD CONSTRAINT contact_confirmed CHECK (source <> 'Member' OR verified_at IS NOT NULL) NOT VALID;

-- The address that waits for a member to confirm it. Once it is confirmed, a trigger writes the contact, so that the portal may write to
-- no other.
CREATE TABLE IF NOT EXISTS alumni.address_change (
    recipient_id uuid PRIMARY KEY,                   -- the member
    address      text NOT NULL,                      -- normalised, as in alumni.contact
    requested_at timestamptz NOT NULL,               -- with member, address and the network's key it makes the token of the link
    expires_at   timestamptz NOT NULL,
    confirmed_at timestamptz
);

-- How many mails asked somebody to confirm an address lately. key is an HMAC under the network's key, which is not in the store: of the
-- address that was written to, or of the client's that asked for it.
CREATE TABLE IF NOT EXISTS alumni.confirmation_count (
    key  bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    sent timestamptz[] NOT NULL                      -- in their order
);

ALTER TABLE alumni.portal_mail ADD COLUMN IF NOT EXISTS address text NOT NULL DEFAULT '';  -- to another one than the member's
ALTER TABLE alumni.portal_mail DROP CONSTRAINT IF EXISTS portal_mail_kind_check;
ALTER TABLE alumni.portal_mail ADD CONSTRAINT portal_mail_kind_check
    CHECK (kind IN ('SignInLink', 'WithdrawalReceipt', 'AddressConfirmation', 'AddressChanged'));

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.address_change_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.address_change a USING gone WHERE a.recipient_id = gone.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION alumni.address_change_contact() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO alumni.contact (member_id, channel, address, source, verified_at)
    VALUES (NEW.recipient_id, 'Email', NEW.address, 'Member', NEW.confirmed_at)
    ON CONFLICT (member_id, channel) DO UPDATE
        SET address = excluded.address, source = excluded.source, verified_at = excluded.verified_at;
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.address_change_follow() FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.address_change_contact() FROM PUBLIC;
CREATE OR REPLACE TRIGGER address_change_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.address_change_follow();
CREATE OR REPLACE TRIGGER address_change_writes_contact AFTER UPDATE OF confirmed_at ON alumni.address_change
    FOR EACH ROW WHEN (OLD.confirmed_at IS NULL AND NEW.confirmed_at IS NOT NULL) EXECUTE FUNCTION alumni.address_change_contact();

COMMENT ON TABLE alumni.address_change IS 'Contact: The address that waits for a member to confirm it.';
COMMENT ON COLUMN alumni.address_change.recipient_id IS 'identifier';
COMMENT ON COLUMN alumni.address_change.address IS 'contact';
COMMENT ON COLUMN alumni.address_change.requested_at IS 'technical';
COMMENT ON COLUMN alumni.address_change.expires_at IS 'technical';
COMMENT ON COLUMN alumni.address_change.confirmed_at IS 'technical';
COMMENT ON TABLE alumni.confirmation_count IS 'AccessLogs: How often an address, or a client, was sent a mail to confirm; known by keyed hashes alone.';
COMMENT ON COLUMN alumni.confirmation_count.key IS 'technical: HMAC of an address, under a key that is not in the store.';
COMMENT ON COLUMN alumni.confirmation_count.sent IS 'technical';
COMMENT ON COLUMN alumni.portal_mail.address IS 'contact: Another one than the member''s.';
