// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// fault is a trouble to make.
type fault struct {
	// At says when: "rcpt" (the default) or "data", which is after the whole message was sent.
	At string `json:"at,omitempty"`
	// To limits it to recipients that contain this text; empty means all.
	To string `json:"to,omitempty"`
	// Next is how many recipients (or messages, at data) it meets; 0 means all until the faults are removed.
	Next int `json:"next,omitempty"`
	// Code of the answer, such as 451 or 550; 0 means that the mail is taken, perhaps late.
	Code int `json:"code,omitempty"`
	// DelayMilliseconds before the answer.
	DelayMilliseconds int `json:"delayMilliseconds,omitempty"`
	// Drop closes the connection instead of answering: "before" the mail is kept, or "after".
	Drop string `json:"drop,omitempty"`
	// Met counts how often it was made.
	Met int `json:"met"`
}

// The moments and ways of a fault.
const (
	atRecipient = "rcpt"
	atData      = "data"
	dropBefore  = "before"
	dropAfter   = "after"

	maxFaults = 100
	maxDelay  = 10 * time.Minute
)

// check tells what is wrong with a fault that somebody asks for.
func (f *fault) check() error {
	if f.At == "" {
		f.At = atRecipient
	}
	switch {
	case f.At != atRecipient && f.At != atData:
		return errors.New(`at is "rcpt" or "data"`)
	case f.Drop != "" && f.Drop != dropBefore && f.Drop != dropAfter:
		return errors.New(`drop is "before" or "after"`)
	case f.Drop == dropAfter && f.At != atData:
		return errors.New(`drop "after" needs at "data"`)
	case f.Code != 0 && (f.Code < 400 || f.Code > 599):
		return errors.New("code is between 400 and 599, or 0")
	case f.Code == 0 && f.Drop == "" && f.DelayMilliseconds == 0:
		return errors.New("a fault has a code, a delay or a drop")
	case f.Next < 0 || f.DelayMilliseconds < 0 || time.Duration(f.DelayMilliseconds)*time.Millisecond > maxDelay:
		return errors.New("next and delayMilliseconds are not negative, and the delay is at most ten minutes")
	}
	f.Met = 0
	return nil
}

// faults are the troubles in force.
type faults struct {
	ctx context.Context //nolint:containedctx // ends with the server: a delay must not outlive it
	mu  sync.Mutex
	all []*fault
}

func newFaults(ctx context.Context) *faults { return &faults{ctx: ctx} }

func (f *faults) add(one fault) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.all) == maxFaults {
		return errors.New("too many faults; remove them first")
	}
	f.all = append(f.all, &one)
	return nil
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = nil
}

func (f *faults) list() []fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]fault, 0, len(f.all))
	for _, one := range f.all {
		all = append(all, *one)
	}
	return all
}

// meet finds the first fault for this moment and any of the recipients, and counts it.
func (f *faults) meet(at string, recipients []string) (fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.all {
		if one.At != at || one.Next > 0 && one.Met >= one.Next {
			continue
		}
		if slices.ContainsFunc(recipients, func(to string) bool { return strings.Contains(strings.ToLower(to), strings.ToLower(one.To)) }) {
			one.Met++
			return *one, true
		}
	}
	return fault{}, false
}

// wait delays the answer.
func (f *faults) wait(one fault) {
	if one.DelayMilliseconds == 0 {
		return
	}
	select {
	case <-f.ctx.Done():
	case <-time.After(time.Duration(one.DelayMilliseconds) * time.Millisecond):
	}
}

// answer is the refusal of a fault, or nil.
func (f fault) answer() error {
	if f.Code == 0 {
		return nil
	}
	enhanced := smtp.EnhancedCode{f.Code / 100, 3, 0}
	if f.Code == 550 {
		enhanced = smtp.EnhancedCode{5, 1, 1} // no such mailbox
	}
	return &smtp.SMTPError{Code: f.Code, EnhancedCode: enhanced, Message: "refused on purpose"}
}
