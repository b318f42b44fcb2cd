-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Begins to count for a sender. $1 sender
INSERT INTO alumni.send_allowance (sender) VALUES ($1) ON CONFLICT (sender) DO NOTHING;
