-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- What has gone to single domains and in a whole day counts for limits too; see internal/campaign/allowance.go. A row of
-- alumni.send_allowance is of a sender, such as Email, or of a domain that it writes to: Email/mail.example.

-- +goose Up
ALTER TABLE alumni.send_allowance
    ADD COLUMN IF NOT EXISTS first_tick bigint NOT NULL DEFAULT 0,      -- twentieth of a second since 1970 of the first count
    ADD COLUMN IF NOT EXISTS ticks      int[]  NOT NULL DEFAULT '{}',   -- messages granted in each
    ADD COLUMN IF NOT EXISTS day        date   NOT NULL DEFAULT 'epoch', -- the last on which a warm-up counted, by the network's calendar
    ADD COLUMN IF NOT EXISTS day_used   bigint NOT NULL DEFAULT 0;      -- messages granted on it

-- What counts now for the limit of an hour, and what counted for that of a day.
CREATE OR REPLACE VIEW alumni_stats.send_allowances AS
SELECT a.sender,
       (SELECT coalesce(sum(u.n), 0) FROM unnest(a.minutes) WITH ORDINALITY AS u(n, i)
        WHERE a.first_minute + u.i - 1 > floor(extract(epoch FROM now()) / 60) - 62)::bigint AS hour_used,
       a.day, a.day_used
FROM alumni.send_allowance a;
