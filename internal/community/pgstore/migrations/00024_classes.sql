-- Copyright The Alumni Operator Authors.
-- SPDX-License-Identifier: Apache-2.0
--
-- What each table and column holds of a person, so that whoever erases sees when the store holds more than was thought of.
--
-- The comment of a table is its category, a colon, and what it tells. The comment of a column is its class, and perhaps a colon and
-- what it is. Categories and classes are those of internal/retention/catalogue. They stand here and not in a program, because a
-- program of the version before works with this schema too. Every migration that adds a table or a column adds its comment; a test
-- asks for it.

-- A run counts what it had to withhold, too.

-- +goose Up
ALTER TABLE alumni.retention_run_count DROP CONSTRAINT IF EXISTS retention_run_count_outcome_check;
ALTER TABLE alumni.retention_run_count ADD CONSTRAINT retention_run_count_outcome_check
    CHECK (outcome IN ('Due', 'Erased', 'Changed', 'Failed', 'Withheld'));

COMMENT ON TABLE alumni.member IS 'Profile: A person whom the roster lists, and what they tell of themselves.';
COMMENT ON COLUMN alumni.member.id IS 'identifier: Random identifier; says nothing outside of this store.';
COMMENT ON COLUMN alumni.member.state IS 'technical: Listed, Invited, Active, Paused or Withdrawn.';
COMMENT ON COLUMN alumni.member.employee_number IS 'identifier: Number that HR knows the person by.';
COMMENT ON COLUMN alumni.member.family_name IS 'identifier';
COMMENT ON COLUMN alumni.member.given_name IS 'identifier';
COMMENT ON COLUMN alumni.member.family_name_kana IS 'identifier';
COMMENT ON COLUMN alumni.member.given_name_kana IS 'identifier';
COMMENT ON COLUMN alumni.member.locale IS 'technical: Language of mails and pages.';
COMMENT ON COLUMN alumni.member.region IS 'content: Where they live, roughly.';
COMMENT ON COLUMN alumni.member.life_stage IS 'content';
COMMENT ON COLUMN alumni.member.skills IS 'content';
COMMENT ON COLUMN alumni.member.employer IS 'content';
COMMENT ON COLUMN alumni.member.title IS 'content';
COMMENT ON COLUMN alumni.member.about IS 'content: Free text.';
COMMENT ON COLUMN alumni.member.joined_at IS 'technical';
COMMENT ON COLUMN alumni.member.last_active_at IS 'technical';
COMMENT ON COLUMN alumni.member.paused_until IS 'technical';
COMMENT ON COLUMN alumni.member.withdrawn_at IS 'technical';
COMMENT ON COLUMN alumni.member.roster_digest IS 'identifier: Hash of the row of the roster, by which a change is seen.';
COMMENT ON COLUMN alumni.member.created_at IS 'technical';
COMMENT ON COLUMN alumni.member.updated_at IS 'technical';
COMMENT ON COLUMN alumni.member.time_zone IS 'technical';
COMMENT ON COLUMN alumni.member.birthday IS 'content: Month and day, without the year.';

COMMENT ON TABLE alumni.employment IS 'Profile: When a member worked where.';
COMMENT ON COLUMN alumni.employment.id IS 'technical';
COMMENT ON COLUMN alumni.employment.member_id IS 'identifier';
COMMENT ON COLUMN alumni.employment.department IS 'content';
COMMENT ON COLUMN alumni.employment.post IS 'content';
COMMENT ON COLUMN alumni.employment.joined_on IS 'content';
COMMENT ON COLUMN alumni.employment.left_on IS 'content';
COMMENT ON COLUMN alumni.employment.departure_reason IS 'sensitive: Why they left, as HR says it.';

COMMENT ON TABLE alumni.visibility IS 'Profile: Which of their fields a member shows to whom.';
COMMENT ON COLUMN alumni.visibility.member_id IS 'identifier';
COMMENT ON COLUMN alumni.visibility.field IS 'technical';
COMMENT ON COLUMN alumni.visibility.audience IS 'technical';

COMMENT ON TABLE alumni.contact IS 'Contact: How a member is reached.';
COMMENT ON COLUMN alumni.contact.member_id IS 'identifier';
COMMENT ON COLUMN alumni.contact.channel IS 'technical';
COMMENT ON COLUMN alumni.contact.address IS 'contact';
COMMENT ON COLUMN alumni.contact.source IS 'technical';
COMMENT ON COLUMN alumni.contact.verified_at IS 'technical';

COMMENT ON TABLE alumni.line_link IS 'Contact: The account at LINE that a member has linked.';
COMMENT ON COLUMN alumni.line_link.recipient_id IS 'identifier';
COMMENT ON COLUMN alumni.line_link.code_hash IS 'technical';
COMMENT ON COLUMN alumni.line_link.expires_at IS 'technical';
COMMENT ON COLUMN alumni.line_link.user_id IS 'contact: What LINE calls the member towards this network.';
COMMENT ON COLUMN alumni.line_link.linked_at IS 'technical';
COMMENT ON COLUMN alumni.line_link.heard_at IS 'technical';

COMMENT ON TABLE alumni.suppression IS 'Contact: Why an address is not written to.';
COMMENT ON COLUMN alumni.suppression.member_id IS 'identifier';
COMMENT ON COLUMN alumni.suppression.channel IS 'technical';
COMMENT ON COLUMN alumni.suppression.reason IS 'technical';
COMMENT ON COLUMN alumni.suppression.created_at IS 'technical';
COMMENT ON COLUMN alumni.suppression.expires_at IS 'technical';

COMMENT ON TABLE alumni.bounce IS 'Contact: Mails that came back.';
COMMENT ON COLUMN alumni.bounce.recipient_id IS 'identifier';
COMMENT ON COLUMN alumni.bounce.run_id IS 'technical';
COMMENT ON COLUMN alumni.bounce.kind IS 'technical';
COMMENT ON COLUMN alumni.bounce.status IS 'technical';
COMMENT ON COLUMN alumni.bounce.noted_at IS 'technical';

COMMENT ON TABLE alumni.consent IS 'Consent: Each decision on a purpose, with the text it was made on: evidence.';
COMMENT ON COLUMN alumni.consent.id IS 'technical';
COMMENT ON COLUMN alumni.consent.member_id IS 'identifier';
COMMENT ON COLUMN alumni.consent.purpose IS 'content';
COMMENT ON COLUMN alumni.consent.decision IS 'content';
COMMENT ON COLUMN alumni.consent.text_version IS 'technical';
COMMENT ON COLUMN alumni.consent.channel IS 'technical';
COMMENT ON COLUMN alumni.consent.source IS 'technical';
COMMENT ON COLUMN alumni.consent.decided_at IS 'technical';

COMMENT ON TABLE alumni.consent_state IS 'Consent: The newest decision on each purpose.';
COMMENT ON COLUMN alumni.consent_state.member_id IS 'identifier';
COMMENT ON COLUMN alumni.consent_state.purpose IS 'content';
COMMENT ON COLUMN alumni.consent_state.decision IS 'content';
COMMENT ON COLUMN alumni.consent_state.decided_at IS 'technical';

COMMENT ON TABLE alumni.opt_out IS 'Consent: Kinds of messages that a member does not want.';
COMMENT ON COLUMN alumni.opt_out.recipient_id IS 'identifier';
COMMENT ON COLUMN alumni.opt_out.kind IS 'content';
COMMENT ON COLUMN alumni.opt_out.source IS 'technical';
COMMENT ON COLUMN alumni.opt_out.decided_at IS 'technical';

COMMENT ON TABLE alumni.delivery IS 'DeliveryLogs: The ledger of messages: what was sent to whom, or why not.';
COMMENT ON COLUMN alumni.delivery.run_id IS 'technical';
COMMENT ON COLUMN alumni.delivery.member_id IS 'identifier';
COMMENT ON COLUMN alumni.delivery.step IS 'technical';
COMMENT ON COLUMN alumni.delivery.channel IS 'technical';
COMMENT ON COLUMN alumni.delivery.state IS 'technical';
COMMENT ON COLUMN alumni.delivery.reason IS 'technical';
COMMENT ON COLUMN alumni.delivery.attempts IS 'technical';
COMMENT ON COLUMN alumni.delivery.resent IS 'technical';
COMMENT ON COLUMN alumni.delivery.reply_code IS 'technical';
COMMENT ON COLUMN alumni.delivery.not_before IS 'technical';
COMMENT ON COLUMN alumni.delivery.lease_owner IS 'technical';
COMMENT ON COLUMN alumni.delivery.lease_until IS 'technical';
COMMENT ON COLUMN alumni.delivery.message_id IS 'technical: Identifier in the head of the mail.';
COMMENT ON COLUMN alumni.delivery.sent_at IS 'technical';
COMMENT ON COLUMN alumni.delivery.planned_at IS 'technical';
COMMENT ON COLUMN alumni.delivery.variant IS 'technical';

COMMENT ON TABLE alumni.delivery_chunk IS 'DeliveryLogs: Stretches of the ledger that wait to be sent; gone when they are.';
COMMENT ON COLUMN alumni.delivery_chunk.run_id IS 'technical';
COMMENT ON COLUMN alumni.delivery_chunk.channel IS 'technical';
COMMENT ON COLUMN alumni.delivery_chunk.first_member IS 'identifier: Where a stretch begins, ends, and has come to.';
COMMENT ON COLUMN alumni.delivery_chunk.end_member IS 'identifier: Where a stretch begins, ends, and has come to.';
COMMENT ON COLUMN alumni.delivery_chunk.handed_out IS 'identifier: Where a stretch begins, ends, and has come to.';
COMMENT ON COLUMN alumni.delivery_chunk.not_before IS 'technical';
COMMENT ON COLUMN alumni.delivery_chunk.lease_owner IS 'technical';
COMMENT ON COLUMN alumni.delivery_chunk.lease_until IS 'technical';
COMMENT ON COLUMN alumni.delivery_chunk.handed_at IS 'technical';

COMMENT ON TABLE alumni.portal_mail IS 'Messages: Mails of the portal that wait or were sent, without their text.';
COMMENT ON COLUMN alumni.portal_mail.id IS 'technical';
COMMENT ON COLUMN alumni.portal_mail.member_id IS 'identifier';
COMMENT ON COLUMN alumni.portal_mail.kind IS 'technical';
COMMENT ON COLUMN alumni.portal_mail.locale IS 'technical';
COMMENT ON COLUMN alumni.portal_mail.state IS 'technical';
COMMENT ON COLUMN alumni.portal_mail.attempts IS 'technical';
COMMENT ON COLUMN alumni.portal_mail.not_before IS 'technical';
COMMENT ON COLUMN alumni.portal_mail.lease_until IS 'technical';
COMMENT ON COLUMN alumni.portal_mail.created_at IS 'technical';
COMMENT ON COLUMN alumni.portal_mail.sent_at IS 'technical';

COMMENT ON TABLE alumni.captured_mail IS 'Messages: Mails of a trial, kept instead of sent.';
COMMENT ON COLUMN alumni.captured_mail.id IS 'technical';
COMMENT ON COLUMN alumni.captured_mail.recipient_id IS 'identifier';
COMMENT ON COLUMN alumni.captured_mail.recipient IS 'contact';
COMMENT ON COLUMN alumni.captured_mail.subject IS 'content';
COMMENT ON COLUMN alumni.captured_mail.message IS 'content: The whole mail.';
COMMENT ON COLUMN alumni.captured_mail.captured_at IS 'technical';

COMMENT ON TABLE alumni.notice IS 'Messages: What a campaign tells a member in the portal.';
COMMENT ON COLUMN alumni.notice.id IS 'technical';
COMMENT ON COLUMN alumni.notice.run_id IS 'technical';
COMMENT ON COLUMN alumni.notice.recipient_id IS 'identifier';
COMMENT ON COLUMN alumni.notice.locale IS 'technical';
COMMENT ON COLUMN alumni.notice.title IS 'content';
COMMENT ON COLUMN alumni.notice.body IS 'content';
COMMENT ON COLUMN alumni.notice.created_at IS 'technical';
COMMENT ON COLUMN alumni.notice.seen_at IS 'technical';

COMMENT ON TABLE alumni.occasion IS 'Messages: Occasions, such as a birthday, for which a member was written to.';
COMMENT ON COLUMN alumni.occasion.recipient_id IS 'identifier';
COMMENT ON COLUMN alumni.occasion.kind IS 'content';
COMMENT ON COLUMN alumni.occasion.occasion IS 'content';
COMMENT ON COLUMN alumni.occasion.run_id IS 'technical';
COMMENT ON COLUMN alumni.occasion.noted_at IS 'technical';

COMMENT ON TABLE alumni.tracking_event IS 'Engagement: Clicks and opens of a member who agreed to be asked.';
COMMENT ON COLUMN alumni.tracking_event.recipient_id IS 'identifier';
COMMENT ON COLUMN alumni.tracking_event.run_id IS 'technical';
COMMENT ON COLUMN alumni.tracking_event.kind IS 'content';
COMMENT ON COLUMN alumni.tracking_event.link IS 'content';
COMMENT ON COLUMN alumni.tracking_event.noted_at IS 'technical';

COMMENT ON TABLE alumni.session IS 'AccessLogs: Who is signed in.';
COMMENT ON COLUMN alumni.session.token_hash IS 'technical';
COMMENT ON COLUMN alumni.session.member_id IS 'identifier';
COMMENT ON COLUMN alumni.session.created_at IS 'technical';
COMMENT ON COLUMN alumni.session.seen_at IS 'technical';
COMMENT ON COLUMN alumni.session.expires_at IS 'technical';

COMMENT ON TABLE alumni.sign_in_link IS 'AccessLogs: Links to sign in with that were mailed.';
COMMENT ON COLUMN alumni.sign_in_link.token_hash IS 'technical';
COMMENT ON COLUMN alumni.sign_in_link.member_id IS 'identifier';
COMMENT ON COLUMN alumni.sign_in_link.created_at IS 'technical';
COMMENT ON COLUMN alumni.sign_in_link.expires_at IS 'technical';
COMMENT ON COLUMN alumni.sign_in_link.used_at IS 'technical';

COMMENT ON TABLE alumni.erasure_request IS 'AuditRecords: That somebody asked to be erased, and when it was done; whom, only until then.';
COMMENT ON COLUMN alumni.erasure_request.id IS 'technical';
COMMENT ON COLUMN alumni.erasure_request.member_id IS 'identifier: Null once erased.';
COMMENT ON COLUMN alumni.erasure_request.source IS 'technical';
COMMENT ON COLUMN alumni.erasure_request.state IS 'technical';
COMMENT ON COLUMN alumni.erasure_request.received_at IS 'technical';
COMMENT ON COLUMN alumni.erasure_request.completed_at IS 'technical';

COMMENT ON TABLE alumni.retention_failure IS 'AuditRecords: Members whom a run could not erase; gone when they are.';
COMMENT ON COLUMN alumni.retention_failure.run_id IS 'technical';
COMMENT ON COLUMN alumni.retention_failure.member_id IS 'identifier';
COMMENT ON COLUMN alumni.retention_failure.code IS 'technical';
COMMENT ON COLUMN alumni.retention_failure.attempts IS 'technical';
COMMENT ON COLUMN alumni.retention_failure.failed_at IS 'technical';

COMMENT ON TABLE alumni.tombstone IS 'AuditRecords: That somebody was erased: keyed hashes, so that no roster brings them back.';
COMMENT ON COLUMN alumni.tombstone.key IS 'technical: Keyed hash; the key is not in the store.';
COMMENT ON COLUMN alumni.tombstone.kind IS 'technical';
COMMENT ON COLUMN alumni.tombstone.run_id IS 'technical';
COMMENT ON COLUMN alumni.tombstone.erased_on IS 'technical';

COMMENT ON TABLE alumni.retention_run IS 'AuditRecords: What a retention run did, in numbers.';
COMMENT ON COLUMN alumni.retention_run.id IS 'none';
COMMENT ON COLUMN alumni.retention_run.run_name IS 'none';
COMMENT ON COLUMN alumni.retention_run.policy_uid IS 'none';
COMMENT ON COLUMN alumni.retention_run.policy IS 'none';
COMMENT ON COLUMN alumni.retention_run.generation IS 'none';
COMMENT ON COLUMN alumni.retention_run.kind IS 'none';
COMMENT ON COLUMN alumni.retention_run.mode IS 'none';
COMMENT ON COLUMN alumni.retention_run.state IS 'none';
COMMENT ON COLUMN alumni.retention_run.failure IS 'none';
COMMENT ON COLUMN alumni.retention_run.epoch IS 'none';
COMMENT ON COLUMN alumni.retention_run.plan_hash IS 'none';
COMMENT ON COLUMN alumni.retention_run.as_of IS 'none';
COMMENT ON COLUMN alumni.retention_run.started_at IS 'none';
COMMENT ON COLUMN alumni.retention_run.finished_at IS 'none';

COMMENT ON TABLE alumni.retention_run_count IS 'AuditRecords: The numbers of a run for each rule.';
COMMENT ON COLUMN alumni.retention_run_count.run_id IS 'none';
COMMENT ON COLUMN alumni.retention_run_count.rule IS 'none';
COMMENT ON COLUMN alumni.retention_run_count.category IS 'none';
COMMENT ON COLUMN alumni.retention_run_count.outcome IS 'none';
COMMENT ON COLUMN alumni.retention_run_count.members IS 'none';
COMMENT ON COLUMN alumni.retention_run_count.rows IS 'none';

COMMENT ON TABLE alumni.retention_certificate IS 'AuditRecords: The signed certificate of a run.';
COMMENT ON COLUMN alumni.retention_certificate.run_id IS 'none';
COMMENT ON COLUMN alumni.retention_certificate.body IS 'none';
COMMENT ON COLUMN alumni.retention_certificate.signature IS 'none';
COMMENT ON COLUMN alumni.retention_certificate.public_key IS 'none';
COMMENT ON COLUMN alumni.retention_certificate.created_at IS 'none';

COMMENT ON TABLE alumni.audit_record IS 'AuditRecords: The audit chain: numbers and hashes.';
COMMENT ON COLUMN alumni.audit_record.seq IS 'none';
COMMENT ON COLUMN alumni.audit_record.run_id IS 'none';
COMMENT ON COLUMN alumni.audit_record.kind IS 'none';
COMMENT ON COLUMN alumni.audit_record.body IS 'none';
COMMENT ON COLUMN alumni.audit_record.prev_hash IS 'none';
COMMENT ON COLUMN alumni.audit_record.hash IS 'none';
COMMENT ON COLUMN alumni.audit_record.recorded_at IS 'none';

COMMENT ON TABLE alumni.backup_run IS 'None: Backups and drills.';
COMMENT ON COLUMN alumni.backup_run.id IS 'none';
COMMENT ON COLUMN alumni.backup_run.run_name IS 'none';
COMMENT ON COLUMN alumni.backup_run.kind IS 'none';
COMMENT ON COLUMN alumni.backup_run.state IS 'none';
COMMENT ON COLUMN alumni.backup_run.failure IS 'none';
COMMENT ON COLUMN alumni.backup_run.backup IS 'none';
COMMENT ON COLUMN alumni.backup_run.size_bytes IS 'none';
COMMENT ON COLUMN alumni.backup_run.tables IS 'none';
COMMENT ON COLUMN alumni.backup_run.rows IS 'none';
COMMENT ON COLUMN alumni.backup_run.pruned IS 'none';
COMMENT ON COLUMN alumni.backup_run.scheduled_at IS 'none';
COMMENT ON COLUMN alumni.backup_run.taken_at IS 'none';
COMMENT ON COLUMN alumni.backup_run.started_at IS 'none';
COMMENT ON COLUMN alumni.backup_run.finished_at IS 'none';

COMMENT ON TABLE alumni.broadcast IS 'None: Posts of campaigns to destinations of the network.';
COMMENT ON COLUMN alumni.broadcast.run_id IS 'none';
COMMENT ON COLUMN alumni.broadcast.channel IS 'none';
COMMENT ON COLUMN alumni.broadcast.destination IS 'none';
COMMENT ON COLUMN alumni.broadcast.state IS 'none';
COMMENT ON COLUMN alumni.broadcast.reason IS 'none';
COMMENT ON COLUMN alumni.broadcast.attempts IS 'none';
COMMENT ON COLUMN alumni.broadcast.resent IS 'none';
COMMENT ON COLUMN alumni.broadcast.reply_code IS 'none';
COMMENT ON COLUMN alumni.broadcast.not_before IS 'none';
COMMENT ON COLUMN alumni.broadcast.lease_owner IS 'none';
COMMENT ON COLUMN alumni.broadcast.lease_until IS 'none';
COMMENT ON COLUMN alumni.broadcast.tried_at IS 'none';
COMMENT ON COLUMN alumni.broadcast.provider_id IS 'none';
COMMENT ON COLUMN alumni.broadcast.sent_at IS 'none';
COMMENT ON COLUMN alumni.broadcast.planned_at IS 'none';

COMMENT ON TABLE alumni.campaign_preview IS 'None: What the preview of a campaign counted.';
COMMENT ON COLUMN alumni.campaign_preview.campaign_uid IS 'none';
COMMENT ON COLUMN alumni.campaign_preview.preview IS 'none';
COMMENT ON COLUMN alumni.campaign_preview.as_of IS 'none';
COMMENT ON COLUMN alumni.campaign_preview.counts IS 'none';
COMMENT ON COLUMN alumni.campaign_preview.counted_at IS 'none';

COMMENT ON TABLE alumni.campaign_run IS 'None: Runs of campaigns.';
COMMENT ON COLUMN alumni.campaign_run.id IS 'none';
COMMENT ON COLUMN alumni.campaign_run.run_name IS 'none';
COMMENT ON COLUMN alumni.campaign_run.campaign_uid IS 'none';
COMMENT ON COLUMN alumni.campaign_run.campaign IS 'none';
COMMENT ON COLUMN alumni.campaign_run.type IS 'none';
COMMENT ON COLUMN alumni.campaign_run.purpose IS 'none';
COMMENT ON COLUMN alumni.campaign_run.generation IS 'none';
COMMENT ON COLUMN alumni.campaign_run.state IS 'none';
COMMENT ON COLUMN alumni.campaign_run.failure IS 'none';
COMMENT ON COLUMN alumni.campaign_run.audience IS 'none';
COMMENT ON COLUMN alumni.campaign_run.scheduled_at IS 'none';
COMMENT ON COLUMN alumni.campaign_run.deadline IS 'none';
COMMENT ON COLUMN alumni.campaign_run.started_at IS 'none';
COMMENT ON COLUMN alumni.campaign_run.finished_at IS 'none';
COMMENT ON COLUMN alumni.campaign_run.paused_at IS 'none';
COMMENT ON COLUMN alumni.campaign_run.tracked_clicks IS 'none';
COMMENT ON COLUMN alumni.campaign_run.tracked_opens IS 'none';
COMMENT ON COLUMN alumni.campaign_run.test_until IS 'none';
COMMENT ON COLUMN alumni.campaign_run.winner IS 'none';
COMMENT ON COLUMN alumni.campaign_run.resend_of IS 'none';

COMMENT ON TABLE alumni.campaign_test_send IS 'None: Test mails, in numbers.';
COMMENT ON COLUMN alumni.campaign_test_send.campaign_uid IS 'none';
COMMENT ON COLUMN alumni.campaign_test_send.test_send IS 'none';
COMMENT ON COLUMN alumni.campaign_test_send.sent IS 'none';
COMMENT ON COLUMN alumni.campaign_test_send.failed IS 'none';
COMMENT ON COLUMN alumni.campaign_test_send.failure IS 'none';
COMMENT ON COLUMN alumni.campaign_test_send.sent_at IS 'none';

COMMENT ON TABLE alumni.complaint_count IS 'None: Complaints for each run.';
COMMENT ON COLUMN alumni.complaint_count.run_id IS 'none';
COMMENT ON COLUMN alumni.complaint_count.count IS 'none';

COMMENT ON TABLE alumni.delivery_erased IS 'None: What the ledger counted before its rows were erased.';
COMMENT ON COLUMN alumni.delivery_erased.run_id IS 'none';
COMMENT ON COLUMN alumni.delivery_erased.channel IS 'none';
COMMENT ON COLUMN alumni.delivery_erased.state IS 'none';
COMMENT ON COLUMN alumni.delivery_erased.reason IS 'none';
COMMENT ON COLUMN alumni.delivery_erased.count IS 'none';

COMMENT ON TABLE alumni.pepper IS 'None: Fingerprint of the key of the tombstones.';
COMMENT ON COLUMN alumni.pepper.one IS 'none';
COMMENT ON COLUMN alumni.pepper.fingerprint IS 'none';
COMMENT ON COLUMN alumni.pepper.noted_at IS 'none';

COMMENT ON TABLE alumni.roster_import IS 'None: Imports of the roster, in numbers.';
COMMENT ON COLUMN alumni.roster_import.id IS 'none';
COMMENT ON COLUMN alumni.roster_import.run_name IS 'none';
COMMENT ON COLUMN alumni.roster_import.state IS 'none';
COMMENT ON COLUMN alumni.roster_import.failure IS 'none';
COMMENT ON COLUMN alumni.roster_import.failure_field IS 'none';
COMMENT ON COLUMN alumni.roster_import.rows IS 'none';
COMMENT ON COLUMN alumni.roster_import.inserted IS 'none';
COMMENT ON COLUMN alumni.roster_import.updated IS 'none';
COMMENT ON COLUMN alumni.roster_import.unchanged IS 'none';
COMMENT ON COLUMN alumni.roster_import.quarantined IS 'none';
COMMENT ON COLUMN alumni.roster_import.tombstoned IS 'none';
COMMENT ON COLUMN alumni.roster_import.started_at IS 'none';
COMMENT ON COLUMN alumni.roster_import.finished_at IS 'none';

COMMENT ON TABLE alumni.roster_quarantine IS 'None: Lines of a roster that could not be read: line, field and reason, never what stood there.';
COMMENT ON COLUMN alumni.roster_quarantine.import_id IS 'none';
COMMENT ON COLUMN alumni.roster_quarantine.line IS 'none';
COMMENT ON COLUMN alumni.roster_quarantine.field IS 'none';
COMMENT ON COLUMN alumni.roster_quarantine.reason IS 'none';

COMMENT ON TABLE alumni.schema_migration IS 'None: Version of the schema.';
COMMENT ON COLUMN alumni.schema_migration.id IS 'none';
COMMENT ON COLUMN alumni.schema_migration.version_id IS 'none';
COMMENT ON COLUMN alumni.schema_migration.is_applied IS 'none';
COMMENT ON COLUMN alumni.schema_migration.tstamp IS 'none';

COMMENT ON TABLE alumni.send_allowance IS 'None: How much each sender has sent lately.';
COMMENT ON COLUMN alumni.send_allowance.sender IS 'none';
COMMENT ON COLUMN alumni.send_allowance.next_at IS 'none';
COMMENT ON COLUMN alumni.send_allowance.first_minute IS 'none';
COMMENT ON COLUMN alumni.send_allowance.minutes IS 'none';
COMMENT ON COLUMN alumni.send_allowance.first_tick IS 'none';
COMMENT ON COLUMN alumni.send_allowance.ticks IS 'none';
COMMENT ON COLUMN alumni.send_allowance.day IS 'none';
COMMENT ON COLUMN alumni.send_allowance.day_used IS 'none';

COMMENT ON TABLE alumni.tracking_count IS 'None: Clicks and opens for each run.';
COMMENT ON COLUMN alumni.tracking_count.run_id IS 'none';
COMMENT ON COLUMN alumni.tracking_count.kind IS 'none';
COMMENT ON COLUMN alumni.tracking_count.link IS 'none';
COMMENT ON COLUMN alumni.tracking_count.variant IS 'none';
COMMENT ON COLUMN alumni.tracking_count.count IS 'none';
COMMENT ON COLUMN alumni.tracking_count.machine IS 'none';

COMMENT ON TABLE alumni.unsubscribe_count IS 'None: Unsubscriptions for each run.';
COMMENT ON COLUMN alumni.unsubscribe_count.run_id IS 'none';
COMMENT ON COLUMN alumni.unsubscribe_count.count IS 'none';
