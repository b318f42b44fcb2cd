-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- The fingerprint of the pepper under which the tombstones were made, so that no other pepper is used beside them: erased
-- people would be strangers to it. It travels with the tombstones in a backup. Whoever takes up a store first writes it.

-- +goose Up
CREATE TABLE alumni.pepper (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    noted_at    timestamptz NOT NULL DEFAULT now()
);
