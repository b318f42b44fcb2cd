// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/http"
	"net/url"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
	"github.com/alumni-operator/alumni-operator/internal/portal/middleware"
)

// signInData is the form that asks for an address.
type signInData struct {
	Open    bool
	Address string
}

// joinData is the page on which somebody decides to join.
type joinData struct {
	Purposes []string
	Consents []consentChoice
	Wording  string
}

// consentChoice is one box to tick.
type consentChoice struct {
	Purpose  community.Purpose
	Required bool
	Ticked   bool
}

func (s *Server) signInForm(v *visit) error {
	return s.ok(v, "signin", "signIn.title", signInData{Open: s.Network.Email != nil})
}

// requestLink answers everyone alike: whether the address is known is found out after the answer.
func (s *Server) requestLink(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if s.Network.Email == nil {
		return s.show(v, http.StatusServiceUnavailable, s.frame(v, "signin", "signIn.title", signInData{}))
	}
	address, err := community.NormaliseAddress(form.Get("address"))
	if err != nil {
		return s.again(v, err, "signin", "signIn.title", signInData{Open: true, Address: form.Get("address")})
	}
	if !s.Links.Offer(address, v.locale, middleware.ClientIP(v.r, s.Proxies)) {
		s.refusePage(v, http.StatusServiceUnavailable)
		return nil
	}
	return v.redirect("/sign-in/sent")
}

func (s *Server) linkSent(v *visit) error { return s.ok(v, "sent", "sent.title", nil) }

// openLink shows a button and does nothing: programs that scan mail open every link.
func (s *Server) openLink(v *visit) error {
	state, err := s.Services.LinkState(v.r.Context(), v.token())
	if err != nil {
		return err
	}
	if state.MayJoin() {
		return s.ok(v, "join", "join.title", s.join(v, nil))
	}
	return s.ok(v, "link", "link.title", nil)
}

// useLink opens a session: at once for those who take part, after their consent for those who do not yet.
func (s *Server) useLink(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	var session, outcome, next string
	if form.Has("wording") {
		outcome, next = "Joined", "/me?done=welcome"
		var choice community.Choice
		if choice, err = readChoice(form); err == nil {
			session, err = s.Services.Join(v.r.Context(), v.token(), choice)
		}
	} else {
		outcome, next = "SignedIn", "/home"
		session, err = s.Services.SignIn(v.r.Context(), v.token())
	}
	switch code := community.CodeOf(err); {
	case err == nil:
	case code == community.CodeJoinNeeded:
		return s.ok(v, "join", "join.title", s.join(v, nil))
	case code == community.CodeInvalid:
		return s.again(v, err, "join", "join.title", s.join(v, form))
	default:
		s.counters.signIns.WithLabelValues("Refused").Inc()
		return err
	}
	s.counters.signIns.WithLabelValues(outcome).Inc()
	s.endOldSession(v)
	s.keepSession(v, session)
	return v.redirect(next)
}

// endOldSession ends the session that the browser had before, if any; its cookie is about to be replaced.
func (s *Server) endOldSession(v *visit) {
	token := s.sessionToken(v.r)
	if token == "" {
		return
	}
	if viewer, err := s.Services.Authenticate(v.r.Context(), token); err == nil {
		if err := s.Services.SignOut(v.r.Context(), viewer); err != nil {
			s.Log.WarnContext(v.r.Context(), "Failing to end an older session", "requestID", reference(v.r), "error", err.Error())
		}
	}
}

// join is the data of the joining page. Boxes are ticked only when the visitor ticked them a moment ago.
func (s *Server) join(v *visit, form url.Values) joinData {
	d := joinData{Purposes: s.purposeKeys(), Wording: i18n.ConsentText(v.locale)}
	for _, p := range community.Purposes() {
		d.Consents = append(d.Consents, consentChoice{Purpose: p, Required: p == community.PurposeNetwork, Ticked: ticked(form, p)})
	}
	return d
}

// readChoice reads the boxes of a consent form, and which wording stood beside them. A wording that is no longer
// shown must be read again first.
func readChoice(form url.Values) (community.Choice, error) {
	choice := community.Choice{Give: map[community.Purpose]bool{}}
	for _, locale := range community.Locales() {
		if form.Get("wording") == i18n.ConsentText(locale) {
			choice.TextVersion = form.Get("wording")
		}
	}
	if choice.TextVersion == "" {
		return choice, community.Invalid("Purpose", "error.wording")
	}
	for _, p := range community.Purposes() {
		choice.Give[p] = ticked(form, p)
	}
	return choice, nil
}

func ticked(form url.Values, purpose community.Purpose) bool {
	for _, value := range form["purpose"] {
		if value == string(purpose) {
			return true
		}
	}
	return false
}

// signOut ends the session and the cookie, whether or not the session was still good.
func (s *Server) signOut(v *visit) error {
	if token := s.sessionToken(v.r); token != "" {
		viewer, err := s.Services.Authenticate(v.r.Context(), token)
		if err == nil {
			err = s.Services.SignOut(v.r.Context(), viewer)
		}
		if err != nil && community.CodeOf(err) != community.CodeUnauthenticated {
			return err
		}
	}
	s.keepSession(v, "")
	return v.redirect("/?done=signedOut")
}
