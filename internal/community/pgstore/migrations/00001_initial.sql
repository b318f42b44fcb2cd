-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The community store. Schema alumni holds people and what belongs to them; schema alumni_stats holds
-- aggregates only and is all that the operator's steady-state role may read.
-- Members are identified everywhere by an opaque UUIDv7. Roles and grants are given by the operator.

-- +goose Up
CREATE SCHEMA IF NOT EXISTS alumni_stats;

CREATE TABLE alumni.member (
    id               uuid PRIMARY KEY,
    state            text NOT NULL CHECK (state IN ('Listed', 'Invited', 'Active', 'Paused', 'Withdrawn')),
    employee_number  text UNIQUE,                    -- HR's number; null for people who are not in the roster
    family_name      text NOT NULL,
    given_name       text NOT NULL DEFAULT '',
    family_name_kana text NOT NULL DEFAULT '',
    given_name_kana  text NOT NULL DEFAULT '',
    locale           text NOT NULL CHECK (locale IN ('ja', 'en')),
    region           text NOT NULL DEFAULT '',
    life_stage       text NOT NULL DEFAULT '',
    skills           text[] NOT NULL DEFAULT '{}',
    employer         text NOT NULL DEFAULT '',       -- career after leaving, kept by the member
    title            text NOT NULL DEFAULT '',
    about            text NOT NULL DEFAULT '',
    joined_at        timestamptz,                    -- joined the network
    last_active_at   timestamptz,
    paused_until     timestamptz,                    -- distance mode; null with state Paused means until further notice
    withdrawn_at     timestamptz,
    roster_digest    bytea,                          -- digest of the roster row last imported: unchanged rows are not written
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX member_state ON alumni.member (state);
CREATE INDEX member_last_active ON alumni.member (last_active_at);

CREATE TABLE alumni.contact (
    member_id   uuid NOT NULL REFERENCES alumni.member ON DELETE CASCADE,
    channel     text NOT NULL CHECK (channel IN ('Email')),
    address     text NOT NULL,                       -- normalised: trimmed, domain in lower case; unique without case
    source      text NOT NULL CHECK (source IN ('Roster', 'Member')),
    verified_at timestamptz,                         -- a link sent to it was opened
    PRIMARY KEY (member_id, channel)
);
CREATE UNIQUE INDEX contact_address ON alumni.contact (channel, lower(address));

CREATE TABLE alumni.employment (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id        uuid NOT NULL REFERENCES alumni.member ON DELETE CASCADE,
    department       text NOT NULL DEFAULT '',
    post             text NOT NULL DEFAULT '',
    joined_on        date,
    left_on          date,                           -- null: still employed, or re-hired
    departure_reason text NOT NULL DEFAULT '',       -- sensitive: not granted to the portal
    CHECK (left_on IS NULL OR joined_on IS NULL OR left_on >= joined_on)
);
CREATE UNIQUE INDEX employment_member ON alumni.employment (member_id, joined_on) NULLS NOT DISTINCT;
CREATE INDEX employment_left ON alumni.employment (left_on);

-- Consent ledger: append-only; the newest entry of a purpose is in force.
CREATE TABLE alumni.consent (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id    uuid NOT NULL REFERENCES alumni.member ON DELETE CASCADE,
    purpose      text NOT NULL CHECK (purpose IN ('Network', 'Newsletter', 'Events', 'Jobs', 'Surveys')),
    decision     text NOT NULL CHECK (decision IN ('Given', 'Withdrawn')),
    text_version text NOT NULL,                      -- the wording that was agreed to
    channel      text NOT NULL CHECK (channel IN ('Roster', 'Portal', 'Email')),
    source       text NOT NULL,                      -- for example the import or the campaign run
    decided_at   timestamptz NOT NULL
);
CREATE INDEX consent_member ON alumni.consent (member_id, purpose, id DESC);

-- The newest decision of each purpose, kept by a trigger so that audiences need not search the ledger.
CREATE TABLE alumni.consent_state (
    member_id  uuid NOT NULL REFERENCES alumni.member ON DELETE CASCADE,
    purpose    text NOT NULL,
    decision   text NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (member_id, purpose)
);
CREATE INDEX consent_state_live ON alumni.consent_state (purpose) WHERE decision = 'Given';

-- +goose StatementBegin
CREATE FUNCTION alumni.consent_fold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO alumni.consent_state (member_id, purpose, decision, decided_at)
    SELECT DISTINCT ON (member_id, purpose) member_id, purpose, decision, decided_at
    FROM added ORDER BY member_id, purpose, id DESC
    ON CONFLICT (member_id, purpose) DO UPDATE
        SET decision = excluded.decision, decided_at = excluded.decided_at;
    RETURN NULL;
END $$;
CREATE FUNCTION alumni.consent_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the consent ledger is append-only';
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alumni.consent_fold() FROM PUBLIC;
CREATE TRIGGER consent_fold AFTER INSERT ON alumni.consent
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION alumni.consent_fold();
CREATE TRIGGER consent_append_only BEFORE UPDATE ON alumni.consent
    FOR EACH ROW EXECUTE FUNCTION alumni.consent_refuse_change();

-- What a member shows to whom. A field without a row is shown to nobody.
CREATE TABLE alumni.visibility (
    member_id uuid NOT NULL REFERENCES alumni.member ON DELETE CASCADE,
    field     text NOT NULL CHECK (field IN ('Name', 'Department', 'EmploymentPeriod', 'Region', 'Skills', 'Employer', 'Title', 'About', 'Email')),
    audience  text NOT NULL CHECK (audience IN ('Nobody', 'Staff', 'Alumni', 'Employees')),
    PRIMARY KEY (member_id, field)
);

-- Never send again on this channel, whatever was consented to.
CREATE TABLE alumni.suppression (
    member_id  uuid NOT NULL REFERENCES alumni.member ON DELETE CASCADE,
    channel    text NOT NULL CHECK (channel IN ('Email')),
    reason     text NOT NULL CHECK (reason IN ('Unsubscribed', 'HardBounce', 'Complaint')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (member_id, channel)
);

-- Roster imports. Quarantine keeps line, field and reason, never the row's content.
CREATE TABLE alumni.roster_import (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_name      text NOT NULL UNIQUE,
    state         text NOT NULL CHECK (state IN ('Running', 'Succeeded', 'Failed')),
    failure       text NOT NULL DEFAULT '',          -- reason code when Failed, for example MissingColumn
    failure_field text NOT NULL DEFAULT '',
    rows          bigint NOT NULL DEFAULT 0,
    inserted      bigint NOT NULL DEFAULT 0,
    updated       bigint NOT NULL DEFAULT 0,
    unchanged     bigint NOT NULL DEFAULT 0,
    quarantined   bigint NOT NULL DEFAULT 0,
    tombstoned    bigint NOT NULL DEFAULT 0,
    started_at    timestamptz NOT NULL DEFAULT now(),
    finished_at   timestamptz
);
CREATE TABLE alumni.roster_quarantine (
    import_id bigint NOT NULL REFERENCES alumni.roster_import ON DELETE CASCADE,
    line      bigint NOT NULL,
    field     text NOT NULL DEFAULT '',
    reason    text NOT NULL,
    PRIMARY KEY (import_id, line)
);

-- Campaign runs and the ledger of deliveries: one row for each run, step, channel and member.
CREATE TABLE alumni.campaign_run (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_name     text NOT NULL UNIQUE,               -- campaign and due time in Unix minutes: a second start is harmless
    campaign_uid text NOT NULL,
    campaign     text NOT NULL,
    type         text NOT NULL,
    purpose      text,                               -- null for Invitation
    generation   bigint NOT NULL,
    state        text NOT NULL CHECK (state IN ('Sending', 'Finished', 'Failed')),
    failure      text NOT NULL DEFAULT '',
    audience     bigint NOT NULL DEFAULT 0,
    scheduled_at timestamptz NOT NULL,
    deadline     timestamptz NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz
);
CREATE INDEX campaign_run_campaign ON alumni.campaign_run (campaign_uid, scheduled_at DESC);

CREATE TABLE alumni.delivery (
    run_id      bigint NOT NULL,                     -- no foreign key: no role may delete a run, and the check costs a third of freezing an audience
    member_id   uuid NOT NULL REFERENCES alumni.member ON DELETE CASCADE,
    step        smallint NOT NULL DEFAULT 1,
    channel     text NOT NULL CHECK (channel IN ('Email')),
    state       text NOT NULL CHECK (state IN ('Planned', 'Claimed', 'Sent', 'Deferred', 'Failed', 'Suppressed', 'Skipped', 'Expired', 'Unknown')),
    reason      text NOT NULL DEFAULT '',            -- why Failed, Suppressed or Skipped: a code, never a server's text
    attempts    smallint NOT NULL DEFAULT 0,
    resent      smallint NOT NULL DEFAULT 0,         -- times it was sent again without knowing whether it had arrived
    reply_code  smallint,                            -- the mail server's last reply
    not_before  timestamptz NOT NULL DEFAULT now(),
    lease_owner uuid,
    lease_until timestamptz,
    message_id  text,
    sent_at     timestamptz,
    planned_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, member_id, step, channel)
) WITH (fillfactor = 80);
CREATE INDEX delivery_claimable ON alumni.delivery (run_id, not_before) WHERE state IN ('Planned', 'Deferred');
CREATE INDEX delivery_leased ON alumni.delivery (run_id, lease_until) WHERE state = 'Claimed';
CREATE INDEX delivery_member ON alumni.delivery (member_id);
CREATE INDEX delivery_sent ON alumni.delivery (sent_at);

-- Counts of ledger rows that retention deleted, so that a run's numbers still add up to its audience.
CREATE TABLE alumni.delivery_erased (
    run_id  bigint NOT NULL REFERENCES alumni.campaign_run,
    channel text NOT NULL,
    state   text NOT NULL,
    reason  text NOT NULL DEFAULT '',
    count   bigint NOT NULL,
    PRIMARY KEY (run_id, channel, state, reason)
);

-- Members who left by the link of a run; a count, so that it outlives them.
CREATE TABLE alumni.unsubscribe_count (
    run_id bigint PRIMARY KEY REFERENCES alumni.campaign_run,
    count  bigint NOT NULL
);

-- Sign-in and portal mail.
CREATE TABLE alumni.sign_in_link (
    token_hash bytea PRIMARY KEY,                    -- SHA-256 of the token; the token is only in the mail
    member_id  uuid NOT NULL REFERENCES alumni.member ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX sign_in_link_member ON alumni.sign_in_link (member_id, created_at DESC);
CREATE TABLE alumni.session (
    token_hash bytea PRIMARY KEY,
    member_id  uuid NOT NULL REFERENCES alumni.member ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX session_member ON alumni.session (member_id);
CREATE TABLE alumni.portal_mail (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id   uuid NOT NULL REFERENCES alumni.member ON DELETE CASCADE,
    kind        text NOT NULL CHECK (kind IN ('SignInLink', 'WithdrawalReceipt')),
    locale      text NOT NULL CHECK (locale IN ('ja', 'en')),
    state       text NOT NULL DEFAULT 'Waiting' CHECK (state IN ('Waiting', 'Sent', 'Failed')),
    attempts    smallint NOT NULL DEFAULT 0,
    not_before  timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    sent_at     timestamptz
);
CREATE INDEX portal_mail_waiting ON alumni.portal_mail (not_before) WHERE state = 'Waiting';
CREATE INDEX portal_mail_member ON alumni.portal_mail (member_id);

-- Retention: requests of people, runs, tombstones, and the chain of evidence. Counts and keyed hashes only.
CREATE TABLE alumni.erasure_request (
    id           uuid PRIMARY KEY,
    member_id    uuid UNIQUE,                        -- null once erased
    source       text NOT NULL CHECK (source IN ('Withdrawal', 'Request')),
    state        text NOT NULL DEFAULT 'Open' CHECK (state IN ('Open', 'Erased')),
    received_at  timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz
);
CREATE INDEX erasure_request_open ON alumni.erasure_request (received_at) WHERE state = 'Open';

CREATE TABLE alumni.retention_run (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_name     text NOT NULL UNIQUE,
    policy_uid   text NOT NULL,
    policy       text NOT NULL,
    generation   bigint NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('Scheduled', 'Requests')),
    mode         text NOT NULL CHECK (mode IN ('DryRun', 'Enforce')),
    state        text NOT NULL CHECK (state IN ('Planned', 'Executing', 'Verifying', 'Certified', 'Previewed', 'Failed')),
    failure      text NOT NULL DEFAULT '',
    epoch        bigint NOT NULL DEFAULT 0,          -- fence: a writer with an older epoch is refused
    plan_hash    text NOT NULL DEFAULT '',
    as_of        timestamptz NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz
);
CREATE INDEX retention_run_policy ON alumni.retention_run (policy_uid, id DESC);
CREATE TABLE alumni.retention_run_count (
    run_id   bigint NOT NULL REFERENCES alumni.retention_run,
    rule     text NOT NULL,                          -- rule name, or ErasureRequest
    category text NOT NULL,
    outcome  text NOT NULL CHECK (outcome IN ('Due', 'Erased', 'Changed', 'Failed')),
    members  bigint NOT NULL DEFAULT 0,
    rows     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, rule, category, outcome)
);
CREATE TABLE alumni.retention_failure (
    run_id    bigint NOT NULL REFERENCES alumni.retention_run,
    member_id uuid NOT NULL,
    code      text NOT NULL,                         -- SQLSTATE or reason code
    attempts  smallint NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, member_id)
);
-- HMAC-SHA-256 under the network's pepper, which is never in the store or its backups.
CREATE TABLE alumni.tombstone (
    key       bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    kind      text NOT NULL CHECK (kind IN ('Member', 'EmployeeNumber', 'Email')),
    run_id    bigint NOT NULL,                       -- no foreign key: no role may delete a run, and the check costs half of each tombstone
    erased_on date NOT NULL
);
CREATE TABLE alumni.audit_record (
    seq         bigint PRIMARY KEY,                  -- 1, 2, 3, …: no gap
    run_id      bigint NOT NULL REFERENCES alumni.retention_run,
    kind        text NOT NULL CHECK (kind IN ('RunStarted', 'Batch', 'RunFinished')),
    body        text NOT NULL,                       -- canonical JSON of counts and keyed hashes
    prev_hash   bytea NOT NULL CHECK (octet_length(prev_hash) = 32),
    hash        bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE alumni.retention_certificate (
    run_id     bigint PRIMARY KEY REFERENCES alumni.retention_run,
    body       text NOT NULL,                        -- canonical JSON
    signature  bytea NOT NULL,
    public_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Aggregates for status and metrics. No row of these views speaks of one person.
-- Members are counted in one pass; a query that asks for one column alone is not charged with the others.
CREATE VIEW alumni_stats.members AS
SELECT s.listed, s.invited, s.active, s.paused, s.withdrawn,
       (SELECT count(*) FROM alumni.member m
          JOIN alumni.contact c ON c.member_id = m.id AND c.channel = 'Email'
          JOIN alumni.consent_state s ON s.member_id = m.id AND s.purpose = 'Network' AND s.decision = 'Given'
          LEFT JOIN alumni.suppression x ON x.member_id = m.id AND x.channel = 'Email'
         WHERE m.state = 'Active' AND x.member_id IS NULL) AS reachable,
       (SELECT count(*) FROM alumni.tombstone WHERE kind = 'Member') AS erased
FROM (SELECT count(*) FILTER (WHERE state = 'Listed')    AS listed,
             count(*) FILTER (WHERE state = 'Invited')   AS invited,
             count(*) FILTER (WHERE state = 'Active')    AS active,
             count(*) FILTER (WHERE state = 'Paused')    AS paused,
             count(*) FILTER (WHERE state = 'Withdrawn') AS withdrawn
      FROM alumni.member) s;

CREATE VIEW alumni_stats.erasure_requests AS
SELECT count(*) AS open, min(received_at) AS oldest_received_at
FROM alumni.erasure_request WHERE state = 'Open';

CREATE VIEW alumni_stats.roster_imports AS
SELECT id, run_name, state, failure, failure_field, rows, inserted, updated, unchanged, quarantined, tombstoned, started_at, finished_at
FROM alumni.roster_import;
CREATE VIEW alumni_stats.roster_quarantine AS
SELECT import_id, line, field, reason FROM alumni.roster_quarantine;

CREATE VIEW alumni_stats.campaign_runs AS
SELECT r.id, r.run_name, r.campaign_uid, r.campaign, r.type, r.generation, r.state, r.failure, r.audience,
       r.scheduled_at, r.deadline, r.started_at, r.finished_at, coalesce(u.count, 0) AS unsubscribed
FROM alumni.campaign_run r LEFT JOIN alumni.unsubscribe_count u ON u.run_id = r.id;
CREATE VIEW alumni_stats.campaign_counts AS
SELECT run_id, channel, state, reason, sum(count)::bigint AS count
FROM (SELECT run_id, channel, state, reason, count(*) AS count FROM alumni.delivery GROUP BY 1, 2, 3, 4
      UNION ALL
      SELECT run_id, channel, state, reason, count FROM alumni.delivery_erased) c
GROUP BY 1, 2, 3, 4;

CREATE VIEW alumni_stats.retention_runs AS
SELECT id, run_name, policy_uid, policy, generation, kind, mode, state, failure, plan_hash, as_of, started_at, finished_at
FROM alumni.retention_run;
CREATE VIEW alumni_stats.retention_counts AS
SELECT run_id, rule, category, outcome, members, rows FROM alumni.retention_run_count;
CREATE VIEW alumni_stats.retention_failures AS
SELECT run_id, code, count(*) AS members FROM alumni.retention_failure GROUP BY run_id, code;
CREATE VIEW alumni_stats.audit_chain AS
SELECT seq, hash FROM alumni.audit_record;
CREATE VIEW alumni_stats.certificates AS
SELECT run_id, body, signature, public_key, created_at FROM alumni.retention_certificate;

-- The version of the schema: the migrations' own table has no personal data, but lies among people.
CREATE VIEW alumni_stats.schema_version AS
SELECT coalesce(max(version_id), 0)::bigint AS version FROM alumni.schema_migration WHERE is_applied;
