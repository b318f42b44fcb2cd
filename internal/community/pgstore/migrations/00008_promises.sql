-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- What campaigns promise to members: hours of rest by their own clock, and one greeting for each occasion.
--
-- recipient_id has no foreign key, for the reason given in 00007: a trigger lets the rows go with their member.

-- +goose Up
-- An IANA name; empty means the network's zone.
ALTER TABLE alumni.member ADD COLUMN IF NOT EXISTS time_zone text NOT NULL DEFAULT '';
-- Month and day, as 401 for the first of April. The year is never kept: no greeting needs it.
ALTER TABLE alumni.member ADD COLUMN IF NOT EXISTS birthday smallint CHECK (birthday BETWEEN 101 AND 1231);
CREATE INDEX IF NOT EXISTS member_time_zone ON alumni.member (time_zone) WHERE time_zone <> '';
CREATE INDEX IF NOT EXISTS member_birthday ON alumni.member (birthday) WHERE birthday IS NOT NULL;
CREATE INDEX IF NOT EXISTS employment_left_day ON alumni.employment ((extract(month FROM left_on) * 100 + extract(day FROM left_on)));
CREATE INDEX IF NOT EXISTS employment_joined_day ON alumni.employment ((extract(month FROM joined_on) * 100 + extract(day FROM joined_on)));
CREATE INDEX IF NOT EXISTS member_joined ON alumni.member (joined_at) WHERE joined_at IS NOT NULL;

-- What a member was written for once: a birthday of one year, the first week after joining, a time of silence.
CREATE TABLE IF NOT EXISTS alumni.occasion (
    recipient_id uuid NOT NULL,                  -- the member
    kind         text NOT NULL CHECK (kind IN ('Birthday', 'WorkAnniversary', 'DepartureAnniversary', 'JoinedNetwork', 'Inactive')),
    occasion     text NOT NULL,                  -- the year of a day that comes every year, the period after joining, the day of a try
    run_id       bigint NOT NULL,
    noted_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (recipient_id, kind, occasion)
);

-- The occasions for which a member does not want to be written to, whatever else they want.
CREATE TABLE IF NOT EXISTS alumni.opt_out (
    recipient_id uuid NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('Birthday', 'WorkAnniversary', 'DepartureAnniversary', 'JoinedNetwork', 'Inactive')),
    source       text NOT NULL,                  -- the campaign run whose link was used, or the portal
    decided_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (recipient_id, kind)
);

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION alumni.occasion_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.occasion o USING gone WHERE o.recipient_id = gone.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION alumni.opt_out_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM alumni.opt_out o USING gone WHERE o.recipient_id = gone.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.occasion_follow() FROM PUBLIC;
REVOKE ALL ON FUNCTION alumni.opt_out_follow() FROM PUBLIC;
CREATE OR REPLACE TRIGGER occasion_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.occasion_follow();
CREATE OR REPLACE TRIGGER opt_out_follows AFTER DELETE ON alumni.member
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION alumni.opt_out_follow();

-- A run that went wrong rests until a person lets it go on: this pause, and no later one.
ALTER TABLE alumni.campaign_run ADD COLUMN IF NOT EXISTS paused_at timestamptz;
ALTER TABLE alumni.campaign_run DROP CONSTRAINT IF EXISTS campaign_run_state_check;
ALTER TABLE alumni.campaign_run ADD CONSTRAINT campaign_run_state_check CHECK (state IN ('Sending', 'Paused', 'Finished', 'Failed'));

CREATE OR REPLACE VIEW alumni_stats.campaign_pauses AS
SELECT id AS run_id, paused_at FROM alumni.campaign_run WHERE state = 'Paused';

-- What each sender has used up of its limits, for all workers together and across restarts; see internal/campaign/allowance.go.
CREATE TABLE IF NOT EXISTS alumni.send_allowance (
    sender       text PRIMARY KEY,
    next_at      timestamptz NOT NULL DEFAULT 'epoch',      -- no message before
    first_minute bigint NOT NULL DEFAULT 0,                 -- Unix minute of the first count
    minutes      int[] NOT NULL DEFAULT '{}'                -- messages granted in each minute
);

-- A message that was not sent needs no place in the index of those that were.
CREATE INDEX IF NOT EXISTS delivery_sent_at ON alumni.delivery (sent_at) WHERE sent_at IS NOT NULL;
DROP INDEX IF EXISTS alumni.delivery_sent;
