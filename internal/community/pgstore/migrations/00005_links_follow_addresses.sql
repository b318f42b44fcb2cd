-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- A sign-in link proves that somebody reads one address. When HR corrects that address, or takes it out, links that went
-- to the former one are worth nothing any more: its owner may be a stranger.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION alumni.contact_forget_links() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.sign_in_link WHERE member_id = OLD.member_id AND used_at IS NULL;
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.contact_forget_links() FROM PUBLIC;
CREATE TRIGGER contact_changed AFTER UPDATE OF address ON alumni.contact
    FOR EACH ROW WHEN (OLD.address IS DISTINCT FROM NEW.address) EXECUTE FUNCTION alumni.contact_forget_links();
CREATE TRIGGER contact_removed AFTER DELETE ON alumni.contact
    FOR EACH ROW EXECUTE FUNCTION alumni.contact_forget_links();
