// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Browser asks a portal as a person's browser does, with cookies and headers of same-origin forms.
type Browser struct {
	t        testing.TB
	base     string
	client   *http.Client
	Language string
	// Header is sent with every request.
	Header http.Header
}

// Answer is what came back.
type Answer struct {
	Status   int
	Header   http.Header
	Body     string
	Location string
	Cookies  []*http.Cookie
}

// Get asks for a page.
func (b *Browser) Get(path string) Answer {
	b.t.Helper()
	return b.Do(b.request(http.MethodGet, path, nil))
}

// Post sends a form as a browser does from a page of the portal. Values are names and values in turn.
func (b *Browser) Post(path string, values ...string) Answer {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(values); i += 2 {
		form.Add(values[i], values[i+1])
	}
	r := b.request(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.Do(r)
}

// Request makes a request to change before Do sends it.
func (b *Browser) Request(method, path string, body io.Reader) *http.Request {
	b.t.Helper()
	return b.request(method, path, body)
}

func (b *Browser) request(method, path string, body io.Reader) *http.Request {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, body)
	if err != nil {
		b.t.Fatalf("make a request: %v", err)
	}
	r.Header.Set("Accept-Language", b.Language)
	for name, values := range b.Header {
		r.Header[name] = values
	}
	return r
}

// Do sends a request and reads the whole answer.
func (b *Browser) Do(r *http.Request) Answer {
	b.t.Helper()
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatalf("%s %s: read the answer: %v", r.Method, r.URL.Path, err)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: string(body), Location: response.Header.Get("Location"), Cookies: response.Cookies()}
}

// SignIn signs a person in with a mailed link, as people do; joining gives the purposes named.
func (b *Browser) SignIn(w *World, p Person, joining ...string) Answer {
	b.t.Helper()
	n := len(w.Mails(p.Address))
	if a := b.Post("/sign-in", "address", p.Address); a.Status != http.StatusSeeOther {
		b.t.Fatalf("ask for a link: status %d", a.Status)
	}
	token := w.AwaitMail(p.Address, n+1).Token()
	var form []string
	if len(joining) > 0 {
		form = append(form, "wording", "2026-12/en")
		for _, purpose := range joining {
			form = append(form, "purpose", purpose)
		}
	}
	a := b.Post("/sign-in/"+token, form...)
	if a.Status != http.StatusSeeOther {
		b.t.Fatalf("use the link: status %d", a.Status)
	}
	return a
}
