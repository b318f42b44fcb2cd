// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
)

const (
	languageCookie   = "lang"
	languageLifetime = 365 * 24 * time.Hour
	// maxToken is longer than any token that we make.
	maxToken = 128
)

// visit is one request of a person and its answer.
type visit struct {
	w      http.ResponseWriter
	r      *http.Request
	locale community.Locale
	chosen bool                  // by the visitor, here or before
	viewer community.Viewer      // on members' pages only
	office bool                  // on the pages of the console
	staff  community.StaffViewer // on those for whoever is signed in there
}

// page answers one visit. An error is answered by fail.
type page func(*visit) error

// public serves a page to anyone.
func (s *Server) public(p page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := s.newVisit(w, r)
		if err := p(v); err != nil {
			s.fail(v, err)
		}
	}
}

// members serves a page to those who are signed in, and sends the others to sign in.
func (s *Server) members(p page) http.HandlerFunc {
	return s.public(func(v *visit) error {
		token := s.sessionToken(v.r)
		if token == "" {
			return v.redirect("/sign-in")
		}
		viewer, err := s.Services.Authenticate(v.r.Context(), token)
		if err != nil {
			return err
		}
		v.viewer = viewer
		return p(v)
	})
}

// newVisit settles the language. One that is chosen by ?lang is remembered.
func (s *Server) newVisit(w http.ResponseWriter, r *http.Request) *visit {
	wish := i18n.Wish{Query: r.URL.Query().Get("lang"), Header: r.Header.Get("Accept-Language")}
	if c, err := r.Cookie(languageCookie); err == nil {
		wish.Cookie = c.Value
	}
	v := &visit{w: w, r: r, locale: i18n.Choose(wish, community.Locale(s.Network.DefaultLocale))}
	w.Header().Set("Content-Language", string(v.locale))
	w.Header().Set("Vary", "Accept-Language, Cookie")
	_, asked := community.ParseLocale(wish.Query)
	_, kept := community.ParseLocale(wish.Cookie)
	v.chosen = asked || kept
	if asked && wish.Query != wish.Cookie {
		http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: wish.Query, Path: "/", MaxAge: int(languageLifetime.Seconds()),
			HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
	}
	return v
}

// redirect sends the visitor on by GET.
func (v *visit) redirect(to string) error {
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// errTooLarge and errUnreadable are faults of a form as a whole.
var (
	errTooLarge   = errors.New("the form is too large")
	errUnreadable = errors.New("the form cannot be read")
)

// form reads the body of a POST. Its values come from the body alone, never from the query.
func (v *visit) form() (url.Values, error) {
	var err error
	if strings.HasPrefix(v.r.Header.Get("Content-Type"), "multipart/form-data") {
		err = v.r.ParseMultipartForm(bodyLimit) //nolint:gosec // middleware.BodyLimit bounds the body before
	} else {
		err = v.r.ParseForm()
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, errUnreadable
	}
	return v.r.PostForm, nil
}

// token is the token in the path; one that cannot be ours is empty.
func (v *visit) token() string {
	token := v.r.PathValue("token")
	if len(token) > maxToken {
		return ""
	}
	return token
}

// cookieName of the session. The __Host- prefix makes browsers keep it to this very host over https.
func (s *Server) cookieName() string {
	if s.secure {
		return "__Host-session"
	}
	return "session"
}

func (s *Server) sessionToken(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil || len(c.Value) > maxToken {
		return ""
	}
	return c.Value
}

// keepSession hands the session's token to the browser; an empty one takes it back.
func (s *Server) keepSession(v *visit, token string) {
	age := int(community.SessionLifetime.Seconds())
	if token == "" {
		age = -1
	}
	http.SetCookie(v.w, &http.Cookie{Name: s.cookieName(), Value: token, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode})
}
