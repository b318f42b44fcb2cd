// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"maps"
	"net/http"

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// The patterns that the middleware treats in a way of their own.
const (
	routeHealth      = "GET /healthz"
	routeReady       = "GET /readyz"
	routeAssets      = "GET /assets/{file}"
	routeSignIn      = "POST /sign-in"
	routeUnsubscribe = "POST /u/{token}"
	routeClick       = "GET /c/{token}"
	routeClickOf     = "GET /c/{token}/{reader}"
	routeOpen        = "GET /o/{token}"
	routeSurvey      = "GET /s/{token}"
	routeAnswer      = "POST /s/{token}"
	routeLINE        = "POST /line/events"
	routeStaffSignIn = "POST /console/sign-in"
	// routeNone is how requests to nowhere are counted.
	routeNone = "none"
)

// routes lists every address of the portal. Every page that takes a form has the form at the same address, so
// that the language can be switched everywhere.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc(routeHealth, s.health)
	mux.HandleFunc(routeReady, s.ready)
	mux.HandleFunc("GET /robots.txt", s.robots)
	mux.HandleFunc(routeAssets, s.asset)
	if s.Network.LINE != nil {
		mux.HandleFunc(routeLINE, s.lineEvents)
	}

	public := map[string]page{
		"GET /{$}":              s.landing,
		"GET /privacy":          s.privacy,
		"GET /sign-in":          s.signInForm,
		routeSignIn:             s.requestLink,
		"GET /sign-in/sent":     s.linkSent,
		"GET /sign-in/{token}":  s.openLink,
		"POST /sign-in/{token}": s.useLink,
		"POST /sign-out":        s.signOut,
		"GET /u/{token}":        s.unsubscribeForm,
		routeUnsubscribe:        s.unsubscribe,
		routeClick:              s.follow,
		routeClickOf:            s.follow,
		routeOpen:               s.opened,
		routeSurvey:             s.surveyForm,
		routeAnswer:             s.answerSurvey,
	}
	maps.Copy(public, s.specialRoutes())
	for pattern, p := range public {
		mux.HandleFunc(pattern, s.public(p))
	}
	members := s.memberRoutes()
	for module, pages := range s.moduleRoutes() {
		if s.Network.Serves(module) {
			maps.Copy(members, pages)
		}
	}
	for pattern, p := range members {
		mux.HandleFunc(pattern, s.members(p))
	}
	return mux
}

// memberRoutes are the pages that every network has for its members.
func (s *Server) memberRoutes() map[string]page {
	return map[string]page{
		"GET /home":                s.home,
		"GET /notices":             s.notices,
		"GET /notices/{id}":        s.notice,
		"GET /me":                  s.profile,
		"GET /me/profile":          s.profileForm,
		"POST /me/profile":         s.saveProfile,
		"GET /me/preview":          s.preview,
		"GET /me/consents":         s.consents,
		"POST /me/consents":        s.saveConsents,
		"GET /me/pause":            s.pauseForm,
		"POST /me/pause":           s.savePause,
		"GET /me/address":          s.addressForm,
		"POST /me/address":         s.saveAddress,
		"GET /me/address/{token}":  s.openAddress,
		"POST /me/address/{token}": s.confirmAddress,
		"GET /me/data":             s.dataPage,
		"POST /me/data":            s.downloadData,
		"GET /me/line":             s.lineForm,
		"POST /me/line":            s.saveLINE,
		"GET /me/sessions":         s.sessions,
		"POST /me/sessions":        s.endSessions,
		"GET /me/leave":            s.leave,
		"GET /me/leave/confirm":    s.leaveForm,
		"POST /me/leave/confirm":   s.saveLeave,
	}
}

// specialRoutes are those that only some networks have: those of a trial, and those with staff.
func (s *Server) specialRoutes() map[string]page {
	all := map[string]page{}
	maps.Copy(all, s.trialRoutes())
	maps.Copy(all, s.staffRoutes())
	return all
}

// moduleRoutes are the members' pages of each module. A network that does without a module does not have them at all.
func (s *Server) moduleRoutes() map[string]map[string]page {
	return map[string]map[string]page{settings.ModuleEvents: s.eventRoutes(), settings.ModuleFeed: s.feedRoutes()}
}

// routeOf names the route of a request by its pattern.
func (s *Server) routeOf(r *http.Request) string {
	if _, pattern := s.mux.Handler(r); pattern != "" {
		return pattern
	}
	return routeNone
}

// dispatch lets the routes answer, and says in the visitor's language when there is none.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	probe := &probe{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(probe, r)
	for _, name := range []string{"Allow", "Location"} {
		if v := probe.header.Get(name); v != "" {
			w.Header().Set(name, v)
		}
	}
	if probe.status < http.StatusBadRequest {
		w.WriteHeader(probe.status)
		return
	}
	s.refuse(w, r, probe.status)
}

// probe hears what ServeMux would answer, so that it can be said better.
type probe struct {
	header http.Header
	status int
}

func (p *probe) Header() http.Header         { return p.header }
func (p *probe) Write(b []byte) (int, error) { return len(b), nil }
func (p *probe) WriteHeader(status int)      { p.status = status }
