// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/bounce"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

// attribute finds out which mail a report is about from what it quotes of it: the envelope sender or the link to
// unsubscribe. Both were made by this network, so that nobody can report a mail that they do not have.
func (r *Receiver) attribute(report bounce.Report) (bounce.Claim, bool) {
	for _, hint := range report.Hints {
		if claim, found := r.Sender.Find(hint); found {
			return claim, true
		}
	}
	for _, value := range report.Links {
		if claim, found := r.fromLink(value); found {
			return claim, true
		}
	}
	return bounce.Claim{}, false
}

// fromLink reads the token in a link to unsubscribe.
func (r *Receiver) fromLink(value string) (bounce.Claim, bool) {
	const before = "/u/"
	for i := strings.Index(value, before); i >= 0; i = strings.Index(value, before) {
		token := value[i+len(before):]
		if len(token) >= unsubscribe.Length {
			if c, err := r.Links.Parse(token[:unsubscribe.Length]); err == nil {
				return bounce.Claim{Member: c.Member, Run: c.Run}, true
			}
		}
		value = value[i+1:] // the next may begin within
	}
	return bounce.Claim{}, false
}
