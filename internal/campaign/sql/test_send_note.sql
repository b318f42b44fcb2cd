-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0

-- Notes what became of a test send. $1 campaign UID, $2 which test send, $3 mails that were taken and $4 that were not, $5 why none
INSERT INTO alumni.campaign_test_send (campaign_uid, test_send, sent, failed, failure) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (campaign_uid) DO UPDATE
SET test_send = excluded.test_send, sent = excluded.sent, failed = excluded.failed, failure = excluded.failure, sent_at = now();
