-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The file's good rows, for the length of a session. A null text means that the file has no such column.
CREATE TEMPORARY TABLE roster_stage (
    line             bigint NOT NULL,
    member_id        uuid NOT NULL,       -- for people who are new
    employee_number  text NOT NULL,
    number_key       bytea NOT NULL,      -- the tombstone that the number would have
    email            text,
    email_key        bytea,
    family_name      text NOT NULL,
    given_name       text,
    family_name_kana text,
    given_name_kana  text,
    locale           text,
    region           text,
    life_stage       text,
    skills           text[],
    birthday         smallint,            -- month and day as 401, 0 for an empty cell; the year goes no further than the reader
    time_zone        text,
    department       text,
    post             text,
    departure_reason text,
    joined_on        date,
    left_on          date,
    network_at       timestamptz,
    newsletter_at    timestamptz,
    digest           bytea NOT NULL
);
