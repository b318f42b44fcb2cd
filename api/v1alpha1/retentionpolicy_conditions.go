// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// RulesValidCondition says whether every rule can be applied. Positive polarity.
const (
	RulesValidCondition = "RulesValid"

	// ReasonRulesValid: zone, schedule and every period are sound (True).
	ReasonRulesValid = "RulesValid"
	// ReasonRuleInvalid: a period cannot be read; the message names the rule (Stalled).
	ReasonRuleInvalid = "RuleInvalid"
	// ReasonNoNetworkSelected: the selector chooses no network (True: nothing is to be done).
	ReasonNoNetworkSelected = "NoNetworkSelected"
	// ReasonSelectorInvalid: networkSelector cannot be read (Stalled).
	ReasonSelectorInvalid = "SelectorInvalid"
)

// HoldsPlacedCondition says whether the stores keep exactly whom the policies put on hold. Positive polarity.
const (
	HoldsPlacedCondition = "HoldsPlaced"

	// ReasonHoldsPlaced: every hold is on, and none that is not declared (True).
	ReasonHoldsPlaced = "HoldsPlaced"
	// ReasonNoHolds: there are no holds (True).
	ReasonNoHolds = "NoHolds"
	// ReasonReleaseNotConfirmed: a hold, a member or a category is not declared any more and is kept all the same; the message says
	// how to confirm the release.
	ReasonReleaseNotConfirmed = "ReleaseNotConfirmed"
	// ReasonReviewDue: reviewOn of a hold has come; it goes on.
	ReasonReviewDue = "ReviewDue"
)

// CatalogueCompleteCondition says whether everything that the stores hold of people is known, as the newest run that looked found
// it. Positive polarity.
const (
	CatalogueCompleteCondition = "CatalogueComplete"

	// ReasonCatalogueComplete: every table, column and key that has to do with a member is known (True).
	ReasonCatalogueComplete = "CatalogueComplete"
	// ReasonCatalogueIncomplete: a store holds something that is not known, or not as it should be; the message names table and
	// column. Nobody is erased until that is mended; previews go on.
	ReasonCatalogueIncomplete = "CatalogueIncomplete"
)

// PlannedCondition says whether the newest ended run of every selected network ended well. Positive polarity.
const (
	PlannedCondition = "Planned"

	// ReasonPreviewed: the newest runs counted what is due, and erased nothing by rule (True).
	ReasonPreviewed = "Previewed"
	// ReasonCertified: the newest runs erased what was due and left a certificate (True).
	ReasonCertified = "Certified"
	// ReasonAwaitingFirstRun: no run was due yet (True: nothing has failed).
	ReasonAwaitingFirstRun = "AwaitingFirstRun"
	// ReasonRetentionRunFailed: a run failed; the message names the network and the code.
	ReasonRetentionRunFailed = "RetentionRunFailed"
	// ReasonLedgerUnavailable: the claim of a network's erasure ledger does not exist; nothing is erased without it.
	ReasonLedgerUnavailable = "LedgerUnavailable"
	// ReasonMembersFailed: some people could not be erased and need a look.
	ReasonMembersFailed = "MembersFailed"
	// ReasonChainBroken: the audit chain in a store does not continue the head kept in status (Stalled).
	ReasonChainBroken = "ChainBroken"
)

// ErasuresOnTimeCondition says whether people who left or asked were erased as promised. Positive polarity.
const (
	ErasuresOnTimeCondition = "ErasuresOnTime"

	// ReasonNoneOpen: nobody waits (True).
	ReasonNoneOpen = "NoneOpen"
	// ReasonOnTime: people wait and none longer than promised (True).
	ReasonOnTime = "OnTime"
	// ReasonOverdue: somebody has waited longer than erasureRequests.primaryWithinHours.
	ReasonOverdue = "Overdue"
)
