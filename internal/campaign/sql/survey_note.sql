-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Writes what a campaign asks, unless somebody has answered already. $1 campaign UID, $2 definition, $3 when it closes
INSERT INTO alumni.survey AS s (campaign_uid, definition, closes_at) VALUES ($1, $2::jsonb, $3)
ON CONFLICT (campaign_uid) DO UPDATE SET definition = excluded.definition, closes_at = excluded.closes_at
WHERE NOT EXISTS (SELECT FROM alumni.survey_participant p WHERE p.campaign_uid = s.campaign_uid);
