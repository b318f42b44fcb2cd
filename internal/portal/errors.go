// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"context"
	"errors"
	"net/http"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// problemOf is what a visitor is told of an input that breaks a rule; nil for every other error.
func (s *Server) problemOf(v *visit, err error) *problem {
	var e *community.Error
	if !errors.As(err, &e) || e.Code != community.CodeInvalid {
		return nil
	}
	field := e.Field
	if key := "field." + e.Field; s.catalogue.Has(v.locale, key) {
		field = s.text(v.locale, key)
	}
	return &problem{Field: e.Field, Text: s.text(v.locale, e.Message, "field", field)}
}

// fail answers an error that no page dealt with, and logs those that are our own fault.
func (s *Server) fail(v *visit, err error) {
	status := http.StatusInternalServerError
	switch code := community.CodeOf(err); {
	case v.office && code == community.CodeUnauthenticated:
		s.keepStaffSession(v, "")
		_ = v.redirect("/console/sign-in?done=expired")
		return
	case v.office && code == community.CodeForbidden:
		status = http.StatusForbidden
	case code == community.CodeUnauthenticated || code == community.CodeForbidden:
		// Somebody who left, or whose session is over: the browser forgets it, and may sign in again.
		s.keepSession(v, "")
		_ = v.redirect("/sign-in?done=expired")
		return
	case code == community.CodeNotFound:
		status = http.StatusNotFound
	case code == community.CodeLinkSpent:
		status = http.StatusGone
	case code == community.CodeInvalid, errors.Is(err, errUnreadable):
		status = http.StatusBadRequest
	case errors.Is(err, errTooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, context.DeadlineExceeded):
		status = http.StatusServiceUnavailable
	}
	if status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		s.Log.ErrorContext(v.r.Context(), "Failing to answer", "requestID", reference(v.r), "route", s.routeOf(v.r), "error", err.Error())
	}
	s.refusePage(v, status)
}

// refuse is how the middleware answers what it does not let through.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int) {
	s.refusePage(s.newVisit(w, r), status)
}

// refusal is the data of an error page.
type refusal struct {
	TextKey string
	Spent   bool // offers a new link
	Office  bool // the page is one of the console
}

// refusePage shows the page of a status, in the visitor's language.
func (s *Server) refusePage(v *visit, status int) {
	titleKey, data := "page.500.title", refusal{TextKey: "page.500.text"}
	switch status {
	case http.StatusBadRequest:
		titleKey, data.TextKey = "page.400.title", "page.400.text"
	case http.StatusForbidden:
		titleKey, data.TextKey = "page.403.title", "page.403.text"
	case http.StatusNotFound:
		titleKey, data.TextKey = "page.404.title", "page.404.text"
	case http.StatusMethodNotAllowed:
		titleKey, data.TextKey = "page.405.title", "page.405.text"
	case http.StatusGone:
		titleKey, data = "link.spent.title", refusal{TextKey: "link.spent.lead", Spent: true}
	case http.StatusRequestEntityTooLarge:
		titleKey, data.TextKey = "page.413.title", "page.413.text"
	case http.StatusTooManyRequests:
		titleKey, data.TextKey = "page.429.title", "page.429.text"
	case http.StatusServiceUnavailable:
		titleKey, data.TextKey = "page.503.title", "page.503.text"
		v.w.Header().Set("Retry-After", "10")
	}
	v.viewer, v.staff = community.Viewer{}, community.StaffViewer{} // the page is nobody's, and asks nothing of the store
	data.Office = v.office
	if v.office && status == http.StatusForbidden {
		data.TextKey = "console.forbidden"
	}
	vw := s.frame(v, "error", titleKey, data)
	if status == http.StatusInternalServerError {
		vw.Reference = reference(v.r)
	}
	if err := s.show(v, status, vw); err != nil {
		s.Log.ErrorContext(v.r.Context(), "Failing to show an error page", "requestID", reference(v.r), "error", err.Error())
		http.Error(v.w, http.StatusText(status), status)
	}
}
