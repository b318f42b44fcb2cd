-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The office's side of the portal. Who may enter it stands in a Secret outside of the store, and so do their addresses: the store knows them
-- by keyed hashes alone. The texts of a campaign are kept beside its preview, as invented people get them.

-- +goose Up
-- One of the staff who asked for a link to sign in.
CREATE TABLE IF NOT EXISTS alumni.staff (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    address_key   bytea NOT NULL UNIQUE CHECK (octet_length(address_key) = 32), -- HMAC of the address under the network's key
    first_seen_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS alumni.staff_link (
    token_hash bytea PRIMARY KEY,                    -- SHA-256 of the token; the token is only in the mail
    staff_id   uuid NOT NULL REFERENCES alumni.staff,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX IF NOT EXISTS staff_link_expiry ON alumni.staff_link (expires_at);

CREATE TABLE IF NOT EXISTS alumni.staff_session (
    token_hash bytea PRIMARY KEY,
    staff_id   uuid NOT NULL REFERENCES alumni.staff,
    created_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS staff_session_expiry ON alumni.staff_session (expires_at);

-- Who of the staff did or looked at what. Entries are only added.
CREATE TABLE IF NOT EXISTS alumni.staff_action (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    staff_id uuid NOT NULL REFERENCES alumni.staff,
    action   text NOT NULL,
    subject  text NOT NULL DEFAULT '',               -- an identifier, such as a campaign's; never a name of anybody
    at       timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS staff_action_staff ON alumni.staff_action (staff_id, at);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.staff_action_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log of what staff did is append-only';
END $$;
-- +goose StatementEnd
CREATE OR REPLACE TRIGGER staff_action_append_only BEFORE UPDATE ON alumni.staff_action
    FOR EACH ROW EXECUTE FUNCTION alumni.staff_action_refuse_change();

-- Mails of the portal go to members, or to staff.
ALTER TABLE alumni.portal_mail ADD COLUMN IF NOT EXISTS staff_id uuid;
ALTER TABLE alumni.portal_mail ALTER COLUMN member_id DROP NOT NULL;
ALTER TABLE alumni.portal_mail DROP CONSTRAINT IF EXISTS portal_mail_staff_id_fkey;
ALTER TABLE alumni.portal_mail ADD CONSTRAINT portal_mail_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES alumni.staff;
ALTER TABLE alumni.portal_mail DROP CONSTRAINT IF EXISTS portal_mail_of_one;
ALTER TABLE alumni.portal_mail ADD CONSTRAINT portal_mail_of_one CHECK (num_nonnulls(member_id, staff_id) = 1);
ALTER TABLE alumni.portal_mail DROP CONSTRAINT IF EXISTS portal_mail_kind_check;
ALTER TABLE alumni.portal_mail ADD CONSTRAINT portal_mail_kind_check
    CHECK (kind IN ('SignInLink', 'WithdrawalReceipt', 'AddressConfirmation', 'AddressChanged', 'EventSeat', 'EventCancelled', 'StaffSignInLink'));
CREATE INDEX IF NOT EXISTS portal_mail_staff ON alumni.portal_mail (staff_id) WHERE staff_id IS NOT NULL;

ALTER TABLE alumni.campaign_preview ADD COLUMN IF NOT EXISTS name text NOT NULL DEFAULT '';   -- of the campaign
ALTER TABLE alumni.campaign_preview ADD COLUMN IF NOT EXISTS type text NOT NULL DEFAULT '';
ALTER TABLE alumni.campaign_preview ADD COLUMN IF NOT EXISTS samples jsonb NOT NULL DEFAULT '[]'; -- see community.Sample

COMMENT ON TABLE alumni.staff IS 'AccessLogs: One of the staff, known by a keyed hash of the address alone.';
COMMENT ON COLUMN alumni.staff.id IS 'technical: Random identifier; no member''s.';
COMMENT ON COLUMN alumni.staff.address_key IS 'technical: HMAC of an address, under a key that is not in the store.';
COMMENT ON COLUMN alumni.staff.first_seen_at IS 'technical';
COMMENT ON TABLE alumni.staff_link IS 'AccessLogs: Links by which staff sign in.';
COMMENT ON COLUMN alumni.staff_link.token_hash IS 'technical';
COMMENT ON COLUMN alumni.staff_link.staff_id IS 'technical';
COMMENT ON COLUMN alumni.staff_link.created_at IS 'technical';
COMMENT ON COLUMN alumni.staff_link.expires_at IS 'technical';
COMMENT ON COLUMN alumni.staff_link.used_at IS 'technical';
COMMENT ON TABLE alumni.staff_session IS 'AccessLogs: Where staff are signed in.';
COMMENT ON COLUMN alumni.staff_session.token_hash IS 'technical';
COMMENT ON COLUMN alumni.staff_session.staff_id IS 'technical';
COMMENT ON COLUMN alumni.staff_session.created_at IS 'technical';
COMMENT ON COLUMN alumni.staff_session.seen_at IS 'technical';
COMMENT ON COLUMN alumni.staff_session.expires_at IS 'technical';
COMMENT ON TABLE alumni.staff_action IS 'AccessLogs: What staff did and looked at.';
COMMENT ON COLUMN alumni.staff_action.id IS 'technical';
COMMENT ON COLUMN alumni.staff_action.staff_id IS 'technical';
COMMENT ON COLUMN alumni.staff_action.action IS 'technical';
COMMENT ON COLUMN alumni.staff_action.subject IS 'none: An identifier of what was looked at, such as a campaign''s.';
COMMENT ON COLUMN alumni.staff_action.at IS 'technical';
COMMENT ON COLUMN alumni.portal_mail.staff_id IS 'technical: One of the staff, where the mail goes to no member.';
COMMENT ON COLUMN alumni.campaign_preview.name IS 'none';
COMMENT ON COLUMN alumni.campaign_preview.type IS 'none';
COMMENT ON COLUMN alumni.campaign_preview.samples IS 'none: Its texts as invented people get them.';
