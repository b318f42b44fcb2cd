// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import _ "embed"

// The statements, each in a file of its own that says what it does.
var (
	//go:embed queries/addresses.sql
	sqlAddresses string

	//go:embed queries/certificate_add.sql
	sqlCertificateAdd string

	//go:embed queries/chain_append.sql
	sqlChainAppend string

	//go:embed queries/chain_export.sql
	sqlChainExport string

	//go:embed queries/chain_head.sql
	sqlChainHead string

	//go:embed queries/chain_lock.sql
	sqlChainLock string

	//go:embed queries/chain_started.sql
	sqlChainStarted string

	//go:embed queries/clock.sql
	sqlClock string

	//go:embed queries/count_add.sql
	sqlCountAdd string

	//go:embed queries/count_set.sql
	sqlCountSet string

	//go:embed queries/counts.sql
	sqlCounts string

	//go:embed queries/due_logs.sql
	sqlDueLogs string

	//go:embed queries/due_members.sql
	sqlDueMembers string

	//go:embed queries/due_requests.sql
	sqlDueRequests string

	//go:embed queries/erase_deliveries.sql
	sqlEraseDeliveries string

	//go:embed queries/erase_logs.sql
	sqlEraseLogs string

	//go:embed queries/erase_members.sql
	sqlEraseMembers string

	//go:embed queries/every_member.sql
	sqlEveryMember string

	//go:embed queries/failure_add.sql
	sqlFailureAdd string

	//go:embed queries/failures.sql
	sqlFailures string

	//go:embed queries/failures_forget.sql
	sqlFailuresForget string

	//go:embed queries/fence.sql
	sqlFence string

	//go:embed queries/frame.sql
	sqlFrame string

	//go:embed queries/hold.sql
	sqlHold string

	//go:embed queries/ledger_erased.sql
	sqlLedgerErased string

	//go:embed queries/consents_ended.sql
	sqlConsentsEnded string

	//go:embed queries/explain_member.sql
	sqlExplainMember string

	//go:embed queries/kept_logs.sql
	sqlKeptLogs string

	//go:embed queries/last_logs.sql
	sqlLastLogs string

	//go:embed queries/legal_count.sql
	sqlLegalCount string

	//go:embed queries/legal_held.sql
	sqlLegalHeld string

	//go:embed queries/legal_lock.sql
	sqlLegalLock string

	//go:embed queries/legal_lock_shared.sql
	sqlLegalLockShared string

	//go:embed queries/legal_logs.sql
	sqlLegalLogs string

	//go:embed queries/legal_members_add.sql
	sqlLegalMembersAdd string

	//go:embed queries/legal_members_lock.sql
	sqlLegalMembersLock string

	//go:embed queries/legal_members_release.sql
	sqlLegalMembersRelease string

	//go:embed queries/legal_place.sql
	sqlLegalPlace string

	//go:embed queries/legal_release.sql
	sqlLegalRelease string

	//go:embed queries/legal_replay.sql
	sqlLegalReplay string

	//go:embed queries/requests_withhold.sql
	sqlRequestsWithhold string

	//go:embed queries/lock_employment.sql
	sqlLockEmployment string

	//go:embed queries/lock_members.sql
	sqlLockMembers string

	//go:embed queries/lock_members_wait.sql
	sqlLockMembersWait string

	//go:embed queries/log_runs.sql
	sqlLogRuns string

	//go:embed queries/member_logs.sql
	sqlMemberLogs string

	//go:embed queries/receipts_waiting.sql
	sqlReceiptsWaiting string

	//go:embed queries/requests_among.sql
	sqlRequestsAmong string

	//go:embed queries/requests_done.sql
	sqlRequestsDone string

	//go:embed queries/requests_open.sql
	sqlRequestsOpen string

	//go:embed queries/requests_orphaned.sql
	sqlRequestsOrphaned string

	//go:embed queries/run_certify.sql
	sqlRunCertify string

	//go:embed queries/run_fail.sql
	sqlRunFail string

	//go:embed queries/run_find.sql
	sqlRunFind string

	//go:embed queries/run_insert.sql
	sqlRunInsert string

	//go:embed queries/run_note.sql
	sqlRunNote string

	//go:embed queries/run_preview.sql
	sqlRunPreview string

	//go:embed queries/run_replayed.sql
	sqlRunReplayed string

	//go:embed queries/run_start.sql
	sqlRunStart string

	//go:embed queries/run_state.sql
	sqlRunState string

	//go:embed queries/tombstones.sql
	sqlTombstones string

	//go:embed queries/tombstones_kept.sql
	sqlTombstonesKept string

	//go:embed queries/verify_erased.sql
	sqlVerifyErased string

	//go:embed queries/verify_keys.sql
	sqlVerifyKeys string

	//go:embed queries/verify_members.sql
	sqlVerifyMembers string

	//go:embed queries/verify_tombstones.sql
	sqlVerifyTombstones string
)
