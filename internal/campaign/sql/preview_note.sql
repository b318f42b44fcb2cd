-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Notes how a campaign would go. $1 campaign UID, $2 which declaration, $3 the moment, $4 counts by reason, $5 and $6 name and type of
-- the campaign, $7 its texts as invented people get them
INSERT INTO alumni.campaign_preview (campaign_uid, preview, as_of, counts, name, type, samples) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (campaign_uid) DO UPDATE
SET preview = excluded.preview, as_of = excluded.as_of, counts = excluded.counts, counted_at = now(),
    name = excluded.name, type = excluded.type, samples = excluded.samples;
