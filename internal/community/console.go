// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"context"
	"time"
)

// MemberCounts is how many people there are in each state.
type MemberCounts struct {
	Listed, Invited, Active, Paused, Withdrawn int64
}

// OpenErasures is how many people wait to be erased.
type OpenErasures struct {
	Open   int64
	Oldest *time.Time // when the one who waits longest asked; nil when nobody waits
}

// Overview is what the first page of the console shows.
type Overview struct {
	Members  MemberCounts
	Erasures *OpenErasures // nil for those who may not see it
}

// Count is how many people, or messages, there are of one kind.
type Count struct {
	State  string // of the ledger; empty in a preview
	Reason string // a code of docs/counts.md; empty without one
	Count  int64
}

// CampaignPreview is how a campaign would go.
type CampaignPreview struct {
	AsOf      time.Time // the moment at which it would be sent
	CountedAt time.Time
	Counts    []Count // those to be written to first, and then by reason, most first
}

// Recipients is how many people it would write to.
func (p CampaignPreview) Recipients() int64 {
	for _, c := range p.Counts {
		if c.Reason == "" {
			return c.Count
		}
	}
	return 0
}

// CampaignRun is one run of a campaign.
type CampaignRun struct {
	State       string // Sending, Paused, Finished or Failed
	Audience    int64
	ScheduledAt time.Time
	FinishedAt  *time.Time
}

// CampaignSummary is a campaign in a list.
type CampaignSummary struct {
	Name, Type string
	Preview    *CampaignPreview // nil when nobody has looked how it would go
	Last       *CampaignRun     // nil when it has not run
}

// CampaignDetail is all that the console shows of a campaign.
type CampaignDetail struct {
	CampaignSummary
	LastCounts []Count  // of the last run
	Samples    []Sample // without Text and HTML
}

// Sample is one text of a campaign as somebody invented gets it. It is how alumni.campaign_preview.samples holds them.
type Sample struct {
	Locale  Locale `json:"locale"`
	Variant string `json:"variant,omitempty"` // of an A/B test; empty outside it
	Step    string `json:"step,omitempty"`    // its name; empty of the first message
	Person  string `json:"person"`            // who would get it: somebody invented
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
	Failed  bool   `json:"failed,omitempty"` // the text cannot be made for such a person: it has no subject then, or is too large
}

// ConsoleService shows the staff how the network and its campaigns do: in numbers, and in texts to invented people. No method tells of
// one member. Each notes what the viewer looked at, and answers CodeForbidden to a viewer without the role.
type ConsoleService interface {
	// Overview is for everybody of the staff; what it says of erasures for the PrivacyOfficer.
	Overview(ctx context.Context, viewer StaffViewer) (Overview, error)
	// Campaigns lists those that ran or were looked at, by name; for ProgrammeOwner and CommunityManager, as the next two.
	Campaigns(ctx context.Context, viewer StaffViewer) ([]CampaignSummary, error)
	// Campaign is one of them. CodeNotFound: none of that name ran or was looked at.
	Campaign(ctx context.Context, viewer StaffViewer, name string) (CampaignDetail, error)
	// Sample is one text of it, counted from 0. CodeNotFound: there is none.
	Sample(ctx context.Context, viewer StaffViewer, name string, number int) (Sample, error)
}
