// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/http"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/portal/middleware"
)

// staffRoutes are the pages of the office. A network that names no staff does not have them at all.
func (s *Server) staffRoutes() map[string]page {
	if !s.Network.Console {
		return nil
	}
	all := map[string]page{
		"GET /console/sign-in":          s.office(s.staffSignInForm),
		routeStaffSignIn:                s.office(s.requestStaffLink),
		"GET /console/sign-in/sent":     s.office(s.staffLinkSent),
		"GET /console/sign-in/{token}":  s.office(s.openStaffLink),
		"POST /console/sign-in/{token}": s.office(s.useStaffLink),
		"POST /console/sign-out":        s.office(s.staffSignOut),
	}
	for pattern, p := range map[string]page{
		"GET /console":                              s.overview,
		"GET /console/campaigns":                    s.campaigns,
		"GET /console/campaigns/{name}":             s.campaign,
		"GET /console/campaigns/{name}/{text}":      s.sample,
		"GET /console/campaigns/{name}/{text}/html": s.sampleHTML,
	} {
		all[pattern] = s.staffOnly(p)
	}
	return all
}

// office marks a visit to the console, where a refusal leads to the console's own sign-in.
func (s *Server) office(p page) page {
	return func(v *visit) error {
		v.office = true
		return p(v)
	}
}

// staffOnly serves a page to staff who are signed in, and sends everybody else to sign in. Whether their roles let them see it is decided
// by the service that the page asks.
func (s *Server) staffOnly(p page) page {
	return s.office(func(v *visit) error {
		token := s.staffToken(v.r)
		if token == "" {
			return v.redirect("/console/sign-in")
		}
		viewer, err := s.Services.AuthenticateStaff(v.r.Context(), token)
		if err != nil {
			return err
		}
		v.staff = viewer
		return p(v)
	})
}

// staffCookie is the name of the staff's cookie: theirs and a member's session know nothing of each other.
func (s *Server) staffCookie() string {
	if s.secure {
		return "__Host-console"
	}
	return "console"
}

func (s *Server) staffToken(r *http.Request) string {
	c, err := r.Cookie(s.staffCookie())
	if err != nil || len(c.Value) > maxToken {
		return ""
	}
	return c.Value
}

// keepStaffSession hands the session's token to the browser; an empty one takes it back.
func (s *Server) keepStaffSession(v *visit, token string) {
	age := int(community.StaffSessionLifetime.Seconds())
	if token == "" {
		age = -1
	}
	http.SetCookie(v.w, &http.Cookie{Name: s.staffCookie(), Value: token, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
}

func (s *Server) staffSignInForm(v *visit) error {
	return s.ok(v, "consolesignin", "console.signIn.title", signInData{Open: s.Network.Email != nil})
}

// requestStaffLink answers everyone alike: who is on the list is found out after the answer.
func (s *Server) requestStaffLink(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	if s.Network.Email == nil {
		return s.show(v, http.StatusServiceUnavailable, s.frame(v, "consolesignin", "console.signIn.title", signInData{}))
	}
	address, err := community.NormaliseAddress(form.Get("address"))
	if err != nil {
		return s.again(v, err, "consolesignin", "console.signIn.title", signInData{Open: true, Address: form.Get("address")})
	}
	if !s.StaffLinks.Offer(address, v.locale, middleware.ClientIP(v.r, s.Proxies)) {
		s.refusePage(v, http.StatusServiceUnavailable)
		return nil
	}
	return v.redirect("/console/sign-in/sent")
}

func (s *Server) staffLinkSent(v *visit) error { return s.ok(v, "consolesent", "sent.title", nil) }

// openStaffLink shows a button and does nothing: programs that scan mail open every link.
func (s *Server) openStaffLink(v *visit) error {
	if err := s.Services.LookAtStaffLink(v.r.Context(), v.token()); err != nil {
		return err
	}
	return s.ok(v, "link", "link.title", nil)
}

func (s *Server) useStaffLink(v *visit) error {
	session, err := s.Services.StaffSignIn(v.r.Context(), v.token())
	if err != nil {
		s.counters.staffSignIns.WithLabelValues("Refused").Inc()
		return err
	}
	s.counters.staffSignIns.WithLabelValues("SignedIn").Inc()
	if err := s.endStaffSession(v); err != nil { // the one that the browser had before
		s.Log.WarnContext(v.r.Context(), "Failing to end an older session", "requestID", reference(v.r), "error", err.Error())
	}
	s.keepStaffSession(v, session)
	return v.redirect("/console")
}

// endStaffSession ends the browser's session, if it has any.
func (s *Server) endStaffSession(v *visit) error {
	token := s.staffToken(v.r)
	if token == "" {
		return nil
	}
	viewer, err := s.Services.AuthenticateStaff(v.r.Context(), token)
	if err == nil {
		err = s.Services.StaffSignOut(v.r.Context(), viewer)
	}
	if community.CodeOf(err) == community.CodeUnauthenticated {
		return nil
	}
	return err
}

// staffSignOut ends the session and the cookie, whether or not the session was still good.
func (s *Server) staffSignOut(v *visit) error {
	if err := s.endStaffSession(v); err != nil {
		return err
	}
	s.keepStaffSession(v, "")
	return v.redirect("/console/sign-in?done=signedOut")
}

// overviewData is the first page of the console.
type overviewData struct {
	community.Overview
	Deadline time.Time // by which the oldest request for erasure is promised to be carried out; zero without one
	Late     bool
}

func (s *Server) overview(v *visit) error {
	o, err := s.Services.Overview(v.r.Context(), v.staff)
	if err != nil {
		return err
	}
	data := overviewData{Overview: o}
	if o.Erasures != nil && o.Erasures.Oldest != nil {
		data.Deadline = o.Erasures.Oldest.Add(s.Network.ErasurePromise())
		data.Late = s.Now().After(data.Deadline)
	}
	return s.ok(v, "console", "console.title", data)
}
