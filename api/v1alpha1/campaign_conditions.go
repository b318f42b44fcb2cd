// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ContentValidCondition says whether every text of the campaign can be rendered. Positive polarity.
const (
	ContentValidCondition = "ContentValid"

	// ReasonContentValid: every text compiles and names only fields that exist (True).
	ReasonContentValid = "ContentValid"
	// ReasonTemplateInvalid: a text does not compile or names an unknown field; the message names line and
	// field (Stalled).
	ReasonTemplateInvalid = "TemplateInvalid"
)

// AudienceResolvedCondition says whether the audience can be worked out. Positive polarity.
const (
	AudienceResolvedCondition = "AudienceResolved"

	// ReasonAudienceValid: the expressions are sound; who matches is decided when a run starts (True).
	ReasonAudienceValid = "AudienceValid"
	// ReasonAudienceInvalid: an expression cannot be read (Stalled).
	ReasonAudienceInvalid = "AudienceInvalid"
	// ReasonExcludedNotFound: a campaign whose recipients are to be left out does not exist, or writes to another network.
	ReasonExcludedNotFound = "ExcludedNotFound"
	// ReasonNoSenderConfigured: the network has no sender for this campaign's channel.
	ReasonNoSenderConfigured = "NoSenderConfigured"
	// ReasonDestinationNotFound: the network declares no destination of this type and name.
	ReasonDestinationNotFound = "DestinationNotFound"
)

// ApprovedCondition says whether runs of this generation may start. Positive polarity. While it waits for somebody, Ready is True
// with the same reason: everything else is as declared, and no pipeline can do more.
const (
	ApprovedCondition = "Approved"

	// ReasonApprovalNotRequired: spec.approval asks for none (True).
	ReasonApprovalNotRequired = "ApprovalNotRequired"
	// ReasonApproved: somebody has approved this generation, with the texts as they are (True).
	ReasonApproved = "Approved"
	// ReasonAwaitingApproval: nobody has; the message names the annotation and its value.
	ReasonAwaitingApproval = "AwaitingApproval"
)

// ScheduledCondition says whether the campaign's next run is known. Positive polarity.
const (
	ScheduledCondition = "Scheduled"

	// ReasonScheduled: the next run is set (True).
	ReasonScheduled = "Scheduled"
	// ReasonRunning: a run is being sent (True).
	ReasonRunning = "Running"
	// ReasonWarmingUp: a run is under way and has used up what the network's warm-up lets through on this day; it goes on on the next (True).
	ReasonWarmingUp = "WarmingUp"
	// ReasonCompleted: the one run of schedule.at has been (True).
	ReasonCompleted = "Completed"
	// ReasonMissed: a due time passed without a run, because the starting deadline had gone by. True while
	// further runs follow, False when none does.
	ReasonMissed = "Missed"
	// ReasonScheduleInvalid: cron or time zone cannot be read (Stalled).
	ReasonScheduleInvalid = "ScheduleInvalid"
)

// ResentCondition says what became of the wish to send a run again. It is there only while the annotation is, and does not count for
// Ready. Positive polarity.
const (
	ResentCondition = "Resent"

	// ReasonResent: the run was sent again (True).
	ReasonResent = "Resent"
	// ReasonResending: the run is being sent again, or will be when the campaign's other runs and its approval allow.
	ReasonResending = "Resending"
	// ReasonRunNotFound: none of the last ten runs has this name.
	ReasonRunNotFound = "RunNotFound"
	// ReasonRunNotFinished: the run is still being sent, or rests.
	ReasonRunNotFinished = "RunNotFinished"
	// ReasonNothingToResend: no message of the run failed or is in doubt, but for addresses that do not exist.
	ReasonNothingToResend = "NothingToResend"
	// ReasonSurveyClosed: the run asks for answers to a survey that takes none any more.
	ReasonSurveyClosed = "SurveyClosed"
)

// LastRunSucceededCondition says how the newest run that has ended did. Positive polarity.
const (
	LastRunSucceededCondition = "LastRunSucceeded"

	// ReasonNoRunYet: no run has started yet (True: nothing has failed).
	ReasonNoRunYet = "NoRunYet"
	// ReasonRunFinished: every message of the newest run is settled (True).
	ReasonRunFinished = "RunFinished"
	// ReasonRunPaused: too much of the newest run went wrong; the message says what, and how to let it go on.
	ReasonRunPaused = "RunPaused"
	// ReasonRunFailed: the newest run ended without being sent; the message names the code.
	ReasonRunFailed = "RunFailed"
	// ReasonTooManyRecipients: the audience was larger than delivery.maxRecipients; nothing was sent.
	ReasonTooManyRecipients = "TooManyRecipients"
)
