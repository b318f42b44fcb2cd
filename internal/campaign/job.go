// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"errors"
	"log/slog"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/broadcast"
	"github.com/alumni-operator/alumni-operator/internal/channel/line"
	"github.com/alumni-operator/alumni-operator/internal/content"
	"github.com/alumni-operator/alumni-operator/internal/mail"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// The values of settings.Campaign.OnUnknown.
const (
	OnUnknownResend = "Resend"
	OnUnknownHold   = "Hold"
)

// ErrFinal marks an error that another try cannot heal.
var ErrFinal = errors.New("the run cannot be done")

// ErrUnfinished says that the worker was told to stop before the run was done. Another start goes on.
var ErrUnfinished = errors.New("the run is not finished yet")

// The channels that write to members.
const (
	channelEmail  = settings.ChannelEmail
	channelLINE   = settings.ChannelLINE
	channelPortal = settings.ChannelPortal
)

// typeInvitation is the campaign type that needs no consent, because it asks for it.
const typeInvitation = "Invitation"

// purposes names the consent that each type needs.
var purposes = map[string]string{
	"Newsletter":      "Newsletter",
	"Announcement":    "Network",
	"EventInvitation": "Events",
	"JobAnnouncement": "Jobs",
	"Survey":          "Surveys",
	"Milestone":       "Network",
	"Onboarding":      "Network",
	"Reactivation":    "Network",
}

// clock is the time, but for a run that is planned before it is due: that is planned as of then.
func (j Job) clock() time.Time {
	if now := time.Now(); now.After(j.ScheduledAt) {
		return now
	}
	return j.ScheduledAt
}

func (j Job) workers() int { return max(1, j.Workers) }

// stops is what the link at the foot of a mail stops: the occasion that it was written for, where there is one and the purpose is
// the network itself, which nobody should have to leave because of a greeting; otherwise the purpose.
func (j Job) stops() string {
	purpose := purposes[j.Campaign.Type]
	if j.Campaign.Trigger != nil && purpose == "Network" {
		return j.Campaign.Trigger.Event
	}
	return purpose
}

// Job is everything that one run needs.
type Job struct {
	RunName     string
	ScheduledAt time.Time
	Network     settings.Network
	Campaign    settings.Campaign
	Mail        mail.Config
	// LINE opens the network's account with the token that is there now; nil for a campaign that does not use it, and in a trial.
	LINE func() (*line.Client, error)
	// Destinations are those that the campaign posts to; in a trial none need be here.
	Destinations []broadcast.Destination
	TokenKey     []byte
	Workers      int       // how many share the run; 0 means one
	Resume       time.Time // when the run was paused that may go on; zero for none
	Tuning       Tuning
	Log          *slog.Logger

	blocks content.Blocks // of the run, once it is planned
}

// Tuning holds the times and sizes of the engine. The zero value of each field means its default.
type Tuning struct {
	// Lease is how long a claim holds without being renewed: as long must a dead worker's rows wait.
	Lease time.Duration
	// BackoffBase is the first delay of a message that was told "later"; the others grow with it.
	BackoffBase time.Duration
	// FlushEvery bounds how long an outcome stays in memory.
	FlushEvery time.Duration
	// DrainTimeout bounds how long messages on the wire may take once the worker is told to stop.
	DrainTimeout time.Duration
	// PostTimeout bounds a post in all; a post that is on the wire when the worker is told to stop may take as long.
	PostTimeout time.Duration
	// Poll bounds how long the worker sleeps when nothing is due.
	Poll time.Duration
}

// The sizes that bound what a killed worker can leave in doubt, besides one message on the wire of each connection:
// outcomes being written, and outcomes waiting to be written. With 20 connections that is 100 messages.
const (
	flushSize   = 50
	waitingAcks = 30
)

const (
	// maxBatch is the largest number of rows claimed at once.
	maxBatch = 500
	// firstBatch is small, so that the first message goes out soon.
	firstBatch = 100
	// holdBatch bounds what Hold leaves to a person after a crash.
	holdBatch = 50
	// maxClaimAge is how long a row's consent check is good for. It is less where leases are short, so that no
	// message goes out whose lease may have run out.
	maxClaimAge = 5 * time.Second
)

// claimAge is how long after its claim a message may still go out.
func (t Tuning) claimAge() time.Duration { return min(maxClaimAge, t.Lease/3) }

func (t Tuning) withDefaults() Tuning {
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{
		{&t.Lease, time.Minute}, {&t.BackoffBase, time.Minute}, {&t.FlushEvery, 50 * time.Millisecond},
		{&t.DrainTimeout, 9 * time.Second}, {&t.PostTimeout, broadcast.Timeout}, {&t.Poll, 15 * time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.def
		}
	}
	return t
}
