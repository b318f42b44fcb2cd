-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Notes how a campaign would go. $1 campaign UID, $2 which declaration, $3 the moment, $4 counts by reason
INSERT INTO alumni.campaign_preview (campaign_uid, preview, as_of, counts) VALUES ($1, $2, $3, $4)
ON CONFLICT (campaign_uid) DO UPDATE
SET preview = excluded.preview, as_of = excluded.as_of, counts = excluded.counts, counted_at = now();
