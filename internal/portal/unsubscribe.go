// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/http"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

// unsubscribeData is what an unsubscribe link can stop. It holds nothing of the member: whoever has the mail can
// open the link.
type unsubscribeData struct {
	Purpose string // empty: the link stops all mail
	All     bool
}

// unsubscribeForm shows the choice and never acts: programs that scan mail open every link.
func (s *Server) unsubscribeForm(v *visit) error {
	claim, err := s.claim(v)
	if err != nil {
		return err
	}
	return s.ok(v, "unsubscribe", "unsubscribe.title", unsubscribeData{Purpose: claim.Purpose})
}

// unsubscribe acts, on the form above and on the one-click POST of a mail program (RFC 8058): without cookie or
// sign-in, as often as it comes, and with 200 each time. What the body says beside "all" does not matter: a
// signed link and a POST are wish enough.
func (s *Server) unsubscribe(v *visit) error {
	claim, err := s.claim(v)
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	all := form.Get("stop") == "all" || claim.Purpose == unsubscribe.AllMail
	changed, err := s.Services.Unsubscribe(v.r.Context(), community.Unsubscription{
		Member: claim.Member, Purpose: claim.Purpose, Run: claim.Run, All: all,
	})
	if err != nil {
		return err
	}
	outcome := "Unchanged"
	if changed {
		outcome = "Changed"
	}
	s.counters.unsubscribes.WithLabelValues(outcome).Inc()
	return s.show(v, http.StatusOK, s.frame(v, "unsubscribed", "unsubscribe.done.title", unsubscribeData{Purpose: claim.Purpose, All: all}))
}

// claim reads the link. A link that we did not make is a page that does not exist.
func (s *Server) claim(v *visit) (unsubscribe.Claim, error) {
	claim, err := s.Tokens.Parse(v.token())
	if err != nil {
		s.counters.unsubscribes.WithLabelValues("Invalid").Inc()
		return claim, &community.Error{Code: community.CodeNotFound, Message: "page.404.text"}
	}
	return claim, nil
}
