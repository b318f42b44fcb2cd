-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- What LINE tells of a linked account can come twice and out of order: the newest counts.

-- +goose Up
ALTER TABLE alumni.line_link ADD COLUMN IF NOT EXISTS heard_at timestamptz; -- LINE's time of the last that was heard of friendship
