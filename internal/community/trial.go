// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"context"
	"time"
)

// How many captured mails a trial keeps, and for how long.
const (
	// CapturedKept is the number of the newest mails that stay.
	CapturedKept = 5000
	// CapturedFor is how long they stay.
	CapturedFor = 30 * 24 * time.Hour
)

// CapturedMail is a mail of a trial in a list.
type CapturedMail struct {
	ID         int64
	Recipient  string
	Subject    string
	CapturedAt time.Time
}

// TrialPerson is somebody invented, by whom the ways into a trial can be tried.
type TrialPerson struct {
	Name    string
	Address string
	State   State
}

// TrialService shows the mails of a trial to anyone, as the mailboxes of its invented people would, and names some of
// them. It must not be offered by a network for real people.
type TrialService interface {
	// CapturedMails lists the newest mails with an id below before, at most limit.
	CapturedMails(ctx context.Context, before int64, limit int) ([]CapturedMail, error)
	// CapturedMessage is one mail as it was sent. CodeNotFound: there is none, or not any more.
	CapturedMessage(ctx context.Context, id int64) ([]byte, error)
	// TrialPeople names some people who take part and some who may join, at most limit of each kind.
	TrialPeople(ctx context.Context, limit int) ([]TrialPerson, error)
}
