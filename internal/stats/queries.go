// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import _ "embed"

var (
	//go:embed queries/store.sql
	sqlStore string
	//go:embed queries/members.sql
	sqlMembers string
	//go:embed queries/erasure.sql
	sqlErasure string
	//go:embed queries/roster_last.sql
	sqlRosterLast string
	//go:embed queries/roster_quarantine.sql
	sqlRosterQuarantine string
	//go:embed queries/roster_running.sql
	sqlRosterRunning string
	//go:embed queries/backups.sql
	sqlBackups string
	//go:embed queries/backups_ended.sql
	sqlBackupsEnded string
	//go:embed queries/scratch.sql
	sqlScratch string
	//go:embed queries/campaign_runs.sql
	sqlCampaignRuns string
	//go:embed queries/sender_day.sql
	sqlSenderDay string
	//go:embed queries/campaign_resends.sql
	sqlCampaignResends string
	//go:embed queries/campaign_preview.sql
	sqlCampaignPreview string
	//go:embed queries/campaign_pauses.sql
	sqlCampaignPauses string
	//go:embed queries/campaign_views_known.sql
	sqlCampaignViewsKnown string
	//go:embed queries/campaign_test_send.sql
	sqlCampaignTestSend string
	//go:embed queries/campaign_steps.sql
	sqlCampaignSteps string
	//go:embed queries/campaign_tests.sql
	sqlCampaignTests string
	//go:embed queries/campaign_variants.sql
	sqlCampaignVariants string
	//go:embed queries/campaign_tracking.sql
	sqlCampaignTracking string
	//go:embed queries/campaign_posts.sql
	sqlCampaignPosts string
	//go:embed queries/campaign_counts.sql
	sqlCampaignCounts string
	//go:embed queries/figures_runs.sql
	sqlFiguresRuns string
	//go:embed queries/figures_messages.sql
	sqlFiguresMessages string
	//go:embed queries/figures_posts.sql
	sqlFiguresPosts string
	//go:embed queries/figures_lags.sql
	sqlFiguresLags string
	//go:embed queries/figures_senders.sql
	sqlFiguresSenders string
	//go:embed queries/retention_runs.sql
	sqlRetentionRuns string
	//go:embed queries/retention_counts.sql
	sqlRetentionCounts string
	//go:embed queries/retention_failures.sql
	sqlRetentionFailures string
	//go:embed queries/erased.sql
	sqlErased string
	//go:embed queries/chain.sql
	sqlChain string
	//go:embed queries/chain_link.sql
	sqlChainLink string
	//go:embed queries/certificate.sql
	sqlCertificate string
)
