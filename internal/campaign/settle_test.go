// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package campaign

import (
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/bounce"
	"github.com/alumni-operator/alumni-operator/internal/channel"
	"github.com/alumni-operator/alumni-operator/internal/mail"
)

func testPolicy(onUnknown string) policy {
	return policy{base: time.Minute, onUnknown: onUnknown, random: func() float64 { return 0.5 }, left: func() time.Duration { return 24 * time.Hour }}
}

func TestWhatBecameOfAPostIsSettledByOnePolicyForAllChannels(t *testing.T) {
	for name, c := range map[string]struct {
		outcome  channel.Outcome
		rule     string
		troubles int
		left     time.Duration
		want     settlement
	}{
		"taken":                        {channel.Outcome{Kind: channel.Accepted, Code: 200}, OnUnknownHold, 0, time.Hour, settlement{state: stateSent, attempts: 1, code: 200}},
		"later":                        {channel.Outcome{Kind: channel.Temporary, Reason: channel.Overloaded}, OnUnknownHold, 0, time.Hour, settlement{state: stateDeferred, reason: "Overloaded", attempts: 1, delay: 5 * time.Minute}},
		"later than the usual step":    {channel.Outcome{Kind: channel.Temporary, Reason: channel.RateLimited, RetryAfter: 20 * time.Minute}, OnUnknownHold, 0, time.Hour, settlement{state: stateDeferred, reason: "RateLimited", attempts: 1, delay: 20 * time.Minute}},
		"later than the deadline":      {channel.Outcome{Kind: channel.Temporary, Reason: channel.RateLimited, RetryAfter: 2 * time.Hour}, OnUnknownHold, 0, time.Hour, settlement{state: stateExpired, reason: "RateLimited", attempts: 1}},
		"refused":                      {channel.Outcome{Kind: channel.Permanent, Reason: channel.DestinationGone, Code: 404}, OnUnknownResend, 0, time.Hour, settlement{state: stateFailed, reason: "DestinationGone", attempts: 1, code: 404}},
		"in doubt, held":               {channel.Outcome{Kind: channel.Unknown, Reason: channel.NoAnswer}, OnUnknownHold, 0, time.Hour, settlement{state: stateUnknown, reason: "NoAnswer", attempts: 1}},
		"in doubt, posted again":       {channel.Outcome{Kind: channel.Unknown, Reason: channel.NoAnswer}, OnUnknownResend, 0, time.Hour, settlement{state: stateDeferred, reason: "NoAnswer", attempts: 1, resent: 1, delay: 5 * time.Minute}},
		"in doubt, and harmless":       {channel.Outcome{Kind: channel.Unknown, Reason: channel.NoAnswer, Safe: true}, OnUnknownHold, 0, time.Hour, settlement{state: stateDeferred, reason: "NoAnswer", attempts: 1, resent: 1, delay: 5 * time.Minute}},
		"no way there, at first":       {channel.Outcome{Kind: channel.Trouble, Reason: channel.Unreachable}, OnUnknownHold, 1, time.Hour, settlement{state: statePlanned, reason: "Unreachable", delay: time.Second}},
		"no way there, for long":       {channel.Outcome{Kind: channel.Trouble, Reason: channel.Unreachable}, OnUnknownHold, 1000, time.Hour, settlement{state: statePlanned, reason: "Unreachable", delay: time.Minute}},
		"no way there until the end":   {channel.Outcome{Kind: channel.Trouble, Reason: channel.Unreachable}, OnUnknownHold, 1000, time.Second, settlement{state: stateExpired, reason: "Unreachable"}},
		"more than the account allows": {channel.Outcome{Kind: channel.OverQuota, Reason: channel.MonthlyQuota}, OnUnknownHold, 0, time.Hour, settlement{state: stateDeferred, reason: "MonthlyQuota", attempts: 1, delay: 5 * time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy{base: time.Minute, onUnknown: c.rule, random: func() float64 { return 0.5 }, left: func() time.Duration { return c.left }}
			NewWithT(t).Expect(p.settlePost(c.outcome, 1, c.troubles)).To(Equal(c.want))
		})
	}
}

func TestOutcomesAreSettled(t *testing.T) {
	broken := errors.New("connection reset")
	reply := func(kind mail.Kind, stage mail.Stage, code int, status ...uint16) mail.Outcome {
		o := mail.Outcome{Kind: kind, Stage: stage, Code: code}
		if len(status) == 3 {
			o.Status = mail.Status{Class: status[0], Subject: status[1], Detail: status[2]}
		}
		return o
	}
	for name, c := range map[string]struct {
		outcome   mail.Outcome
		onUnknown string
		want      settlement
	}{
		"accepted":                   {reply(mail.Accepted, mail.StageDot, 250), "", settlement{state: "Sent", attempts: 1, code: 250}},
		"later at RCPT":              {reply(mail.Temporary, mail.StageRcpt, 451), "", settlement{state: "Deferred", attempts: 1, code: 451, delay: time.Minute}},
		"later at the end":           {reply(mail.Temporary, mail.StageDot, 452), "", settlement{state: "Deferred", attempts: 1, code: 452, delay: time.Minute}},
		"closing":                    {reply(mail.Temporary, mail.StageRcpt, 421), "", settlement{state: "Deferred", attempts: 1, code: 421, delay: time.Minute}},
		"no such mailbox":            {reply(mail.Permanent, mail.StageRcpt, 550, 5, 1, 1), "", settlement{state: "Failed", reason: "HardBounce", attempts: 1, code: 550, note: bounce.HardBounce, status: bounce.Status{Class: 5, Subject: 1, Detail: 1}}},
		"a disabled mailbox":         {reply(mail.Permanent, mail.StageRcpt, 550, 5, 2, 1), "", settlement{state: "Failed", reason: "HardBounce", attempts: 1, code: 550, note: bounce.HardBounce, status: bounce.Status{Class: 5, Subject: 2, Detail: 1}}},
		"550 without a status":       {reply(mail.Permanent, mail.StageRcpt, 550), "", settlement{state: "Failed", reason: "HardBounce", attempts: 1, code: 550, note: bounce.HardBounce}},
		"policy":                     {reply(mail.Permanent, mail.StageRcpt, 550, 5, 7, 1), "", settlement{state: "Failed", reason: "Refused", attempts: 1, code: 550}},
		"a full mailbox":             {reply(mail.Permanent, mail.StageRcpt, 552, 5, 2, 2), "", settlement{state: "Failed", reason: "Refused", attempts: 1, code: 552, note: bounce.SoftBounce, status: bounce.Status{Class: 5, Subject: 2, Detail: 2}}},
		"554 without a status":       {reply(mail.Permanent, mail.StageRcpt, 554), "", settlement{state: "Failed", reason: "Refused", attempts: 1, code: 554}},
		"a sender's fault at RCPT":   {reply(mail.Permanent, mail.StageRcpt, 550, 5, 1, 8), "", settlement{state: "Failed", reason: "Refused", attempts: 1, code: 550}},
		"a mailbox at the end":       {reply(mail.Permanent, mail.StageDot, 550, 5, 1, 1), "", settlement{state: "Failed", reason: "Refused", attempts: 1, code: 550}},
		"refused content":            {reply(mail.Permanent, mail.StageDot, 554, 5, 7, 1), "", settlement{state: "Failed", reason: "Refused", attempts: 1, code: 554}},
		"a refused sender":           {reply(mail.Permanent, mail.StageMail, 550, 5, 7, 1), "", settlement{state: "Planned", code: 550, provider: true}},
		"an address beyond SMTPUTF8": {reply(mail.Permanent, mail.StageMail, 0, 5, 6, 7), "", settlement{state: "Failed", reason: "Address", attempts: 1}},
		"doubt, to be sent again":    {mail.Outcome{Kind: mail.Unknown, Stage: mail.StageDot, Err: broken}, "Resend", settlement{state: "Deferred", attempts: 1, resent: 1, delay: time.Minute}},
		"doubt, to be held":          {mail.Outcome{Kind: mail.Unknown, Stage: mail.StageDot, Err: broken}, "Hold", settlement{state: "Unknown", reason: "NoAnswer", attempts: 1}},
		"no server":                  {mail.Outcome{Kind: mail.Trouble, Stage: mail.StageConnect, Err: broken}, "", settlement{state: "Planned", provider: true}},
		"a refused password":         {reply(mail.Trouble, mail.StageAuth, 535), "", settlement{state: "Planned", code: 535, provider: true}},
		"cut before the message":     {mail.Outcome{Kind: mail.Trouble, Stage: mail.StageMail, Err: broken}, "", settlement{state: "Planned", provider: true}},
		"cut at RCPT":                {mail.Outcome{Kind: mail.Trouble, Stage: mail.StageRcpt, Err: broken}, "", settlement{state: "Deferred", attempts: 1, delay: time.Minute}},
		"waited too long":            {mail.Outcome{Kind: mail.Trouble, Stage: mail.StageData, Err: mail.ErrStale}, "", settlement{state: "Planned"}},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(testPolicy(c.onUnknown).settle(c.outcome, 0)).To(Equal(c.want))
		})
	}
}

func TestDelaysGrowAndStayNearTheirSteps(t *testing.T) {
	want := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour, 12 * time.Hour, 12 * time.Hour}
	rapid.Check(t, func(t *rapid.T) {
		p := testPolicy("")
		p.random = func() float64 { return rapid.Float64Range(0, 0.999999).Draw(t, "random") }
		n := rapid.IntRange(0, len(want)-1).Draw(t, "attempts")
		s := p.settle(mail.Outcome{Kind: mail.Temporary, Stage: mail.StageRcpt, Code: 451}, n)
		if off := float64(s.delay) / float64(want[n]); off < 0.8 || off > 1.2 {
			t.Fatalf("attempt %d waits %s, want %s +-20 %%", n, s.delay, want[n])
		}
	})
}

func TestNoTryAfterTheDeadline(t *testing.T) {
	p := testPolicy("")
	p.left = func() time.Duration { return 59 * time.Second }
	NewWithT(t).Expect(p.settle(mail.Outcome{Kind: mail.Temporary, Code: 451, Stage: mail.StageRcpt}, 0)).
		To(Equal(settlement{state: "Expired", attempts: 1, code: 451, note: bounce.SoftBounce}), "given up: the mailbox could not be reached")
	NewWithT(t).Expect(p.settle(mail.Outcome{Kind: mail.Temporary, Code: 451, Stage: mail.StageDot}, 0)).
		To(Equal(settlement{state: "Expired", attempts: 1, code: 451}), "that was no answer to the recipient")
	NewWithT(t).Expect(p.settle(mail.Outcome{Kind: mail.Trouble, Stage: mail.StageRcpt, Err: io.EOF}, 0)).
		To(Equal(settlement{state: "Expired", attempts: 1}), "nor was a connection that broke")
}

func TestBreaker(t *testing.T) {
	g := NewWithT(t)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := &breaker{now: func() time.Time { return now }}
	turn := func() bool { d, _ := b.wait(); return d == 0 }
	fail := func() time.Duration { _, d := b.failure(); return d }

	g.Expect(fail()).To(BeZero(), "one failure is none")
	b.success()
	g.Expect(fail()).To(BeZero())
	g.Expect(fail()).To(BeZero(), "failures in a row count")
	g.Expect(turn()).To(BeTrue())
	g.Expect(fail()).To(Equal(time.Second), "three open it")
	g.Expect(b.isOpen()).To(BeTrue())
	g.Expect(turn()).To(BeFalse())
	g.Expect(fail()).To(BeZero(), "stragglers do not lengthen it")

	now = now.Add(time.Second)
	g.Expect(turn()).To(BeTrue(), "one may try")
	g.Expect(turn()).To(BeFalse(), "and only one")
	g.Expect(fail()).To(Equal(2*time.Second), "it failed: twice as long")
	now = now.Add(2 * time.Second)
	g.Expect(turn()).To(BeTrue())
	b.giveBack()
	g.Expect(turn()).To(BeTrue(), "a turn that was given back is there again")
	for range 10 {
		fail()
		now = now.Add(b.openFor())
		turn()
	}
	g.Expect(fail()).To(Equal(time.Minute), "never longer than a minute")
	now = now.Add(time.Minute)
	g.Expect(turn()).To(BeTrue())
	g.Expect(b.success()).To(BeTrue())
	g.Expect(b.isOpen()).To(BeFalse())
	g.Expect(turn()).To(BeTrue())
	g.Expect(turn()).To(BeTrue())
	g.Expect(b.success()).To(BeFalse())
}

func TestFeedIsSizedByItsLimit(t *testing.T) {
	for name, c := range map[string]struct {
		limit                int
		hold                 string
		most, batch, waiting int
	}{
		"without a limit":   {0, "Resend", maxBatch, firstBatch, maxBatch},
		"one each second":   {1, "Resend", 1, 1, 0},
		"fifty each second": {50, "Resend", 50, 50, 5},
		"a very high limit": {100000, "Resend", maxBatch, firstBatch, maxBatch},
		"Hold":              {0, "Hold", holdBatch, holdBatch, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := newFeed(c.limit, c.hold, maxClaimAge)
			g.Expect(f.most).To(Equal(c.most))
			g.Expect(f.batch).To(Equal(c.batch))
			g.Expect(cap(f.items)).To(Equal(c.waiting))
			f.adapt(time.Millisecond)
			g.Expect(f.batch).To(BeNumerically("<=", c.most))
			for range 20 {
				f.adapt(maxClaimAge)
			}
			g.Expect(f.batch).To(Equal(1))
		})
	}
}

func TestYearsAreWhole(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for from, want := range map[string]int{"2023-11-21": 3, "2023-11-22": 2, "2026-11-21": 0, "2027-01-01": 0, "2024-02-29": 2, "2000-12-01": 25, "2000-11-01": 26} {
		at := day(from)
		NewWithT(t).Expect(yearsBetween(&at, day("2026-11-21"))).To(Equal(want), from)
	}
	leap := day("2024-02-29")
	NewWithT(t).Expect(yearsBetween(&leap, day("2025-02-28"))).To(Equal(1), "it is kept on the 28th")
	NewWithT(t).Expect(yearsBetween(&leap, day("2025-02-27"))).To(Equal(0))
	NewWithT(t).Expect(yearsBetween(&leap, day("2028-02-28"))).To(Equal(3))
	NewWithT(t).Expect(yearsBetween(&leap, day("2025-03-01"))).To(Equal(1))
	NewWithT(t).Expect(yearsBetween(nil, day("2025-03-01"))).To(Equal(0))
}

func TestWhoeverTriesReturnsTheTurnWhateverBecomesOfIt(t *testing.T) {
	for name, o := range map[string]mail.Outcome{
		"accepted":                          {Kind: mail.Accepted, Code: 250},
		"no connection":                     {Kind: mail.Trouble, Stage: mail.StageConnect, Err: io.EOF},
		"a connection that broke at RCPT":   {Kind: mail.Trouble, Stage: mail.StageRcpt, Err: io.EOF},
		"a connection that broke at DATA":   {Kind: mail.Trouble, Stage: mail.StageData, Err: io.EOF},
		"no answer to the final dot":        {Kind: mail.Unknown, Stage: mail.StageDot, Err: io.EOF},
		"a letter that waited too long":     {Kind: mail.Trouble, Stage: mail.StageData, Err: mail.ErrStale},
		"an address that needs an upgrade":  {Kind: mail.Permanent, Stage: mail.StageMail},
		"a refusal of the recipient":        {Kind: mail.Permanent, Stage: mail.StageRcpt, Code: 550},
		"a request to come back with more":  {Kind: mail.Temporary, Stage: mail.StageRcpt, Code: 451},
		"a sender that the server does not": {Kind: mail.Permanent, Stage: mail.StageMail, Code: 553},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			q := &queue{
				acks: make(chan ack, 1), log: slog.New(slog.DiscardHandler), draining: make(chan struct{}),
				breaker: &breaker{now: func() time.Time { return now }},
				policy:  testPolicy(OnUnknownResend),
			}
			for range breakerFailures {
				q.breaker.failure()
			}
			now = now.Add(breakerFirst)
			wait, probe := q.breaker.wait()
			g.Expect(wait).To(BeZero())
			g.Expect(probe).To(BeTrue())

			q.Done(&mail.Letter{Tag: &item{}}, o)

			now = now.Add(breakerLast)
			wait, _ = q.breaker.wait()
			g.Expect(wait).To(BeZero(), "somebody may try again")
		})
	}
}
