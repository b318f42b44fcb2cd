-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- Legal holds: people who must not be erased until somebody releases them on purpose.
--
-- They stand in the store, so that every way to erase somebody meets them: a run by rules or by requests, of whatever policy, and the
-- replay after a restore. What stands in the store is not taken back by taking it out of a policy.

-- +goose Up
CREATE TABLE IF NOT EXISTS alumni.legal_hold (
    name             text PRIMARY KEY,           -- of policy and hold
    reason           text NOT NULL CHECK (reason IN ('LegalClaim', 'Audit', 'Investigation')),
    categories       text[] NOT NULL CHECK (cardinality(categories) > 0 AND categories <@ ARRAY['Profile', 'DeliveryLogs']),
    review_on        date,
    secret_version   text NOT NULL,              -- of the list that was read last
    members          bigint NOT NULL DEFAULT 0,
    unknown_members  bigint NOT NULL DEFAULT 0,  -- that the list names and the store does not have
    unlisted_members bigint NOT NULL DEFAULT 0,  -- that the list does not name any more, and nobody released
    told_at          timestamptz NOT NULL DEFAULT '-infinity', -- when the run was told of it that wrote last; an older one writes nothing
    placed_at        timestamptz NOT NULL DEFAULT now(),
    released_at      timestamptz
);
CREATE TABLE IF NOT EXISTS alumni.legal_hold_member (
    recipient_id uuid NOT NULL,                  -- the member; no foreign key, for the reason given in 00007
    hold         text NOT NULL,
    PRIMARY KEY (recipient_id, hold)
);
CREATE INDEX IF NOT EXISTS legal_hold_member_hold ON alumni.legal_hold_member (hold);

-- Rows of other tables go with their member; this one lets its member not go, whoever asks. The message tells of nobody.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.legal_hold_member_refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM alumni.legal_hold_member h JOIN gone ON gone.id = h.recipient_id) THEN
        RAISE EXCEPTION 'a member is on legal hold' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.legal_hold_member_refuse() FROM PUBLIC;
CREATE OR REPLACE TRIGGER legal_hold_member_refuses AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.legal_hold_member_refuse();

CREATE OR REPLACE VIEW alumni_stats.legal_holds AS
SELECT name, categories, secret_version, members, unknown_members, unlisted_members, placed_at
FROM alumni.legal_hold WHERE released_at IS NULL;

COMMENT ON TABLE alumni.legal_hold IS 'AuditRecords: A reason not to erase some people until somebody releases them.';
COMMENT ON COLUMN alumni.legal_hold.name IS 'none: Of policy and hold.';
COMMENT ON COLUMN alumni.legal_hold.reason IS 'none: LegalClaim, Audit or Investigation.';
COMMENT ON COLUMN alumni.legal_hold.categories IS 'none';
COMMENT ON COLUMN alumni.legal_hold.review_on IS 'none';
COMMENT ON COLUMN alumni.legal_hold.secret_version IS 'technical: Version of the Secret that was read last.';
COMMENT ON COLUMN alumni.legal_hold.members IS 'none';
COMMENT ON COLUMN alumni.legal_hold.unknown_members IS 'none: How many identifiers are of nobody in the store.';
COMMENT ON COLUMN alumni.legal_hold.unlisted_members IS 'none: How many are not in the Secret any more and were not released.';
COMMENT ON COLUMN alumni.legal_hold.told_at IS 'technical: When the run that wrote last was told of it.';
COMMENT ON COLUMN alumni.legal_hold.placed_at IS 'technical';
COMMENT ON COLUMN alumni.legal_hold.released_at IS 'technical';
COMMENT ON TABLE alumni.legal_hold_member IS 'AuditRecords: Who is on legal hold. A row goes when somebody releases it, and its member does not go before.';
COMMENT ON COLUMN alumni.legal_hold_member.recipient_id IS 'identifier';
COMMENT ON COLUMN alumni.legal_hold_member.hold IS 'none: Of policy and hold.';
