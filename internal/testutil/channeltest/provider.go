// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package channeltest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"

	"github.com/alumni-operator/alumni-operator/internal/egress"
)

// Answer is what a provider says to one request.
type Answer struct {
	Status int
	Header map[string]string
	Body   string
	// Cut ends the connection instead, after the request was read.
	Cut bool
}

// Request is what a provider got.
type Request struct {
	Method string
	Path   string
	Header http.Header
	Body   []byte
}

// Provider is a running server.
type Provider struct {
	// URL is its address, http://host:port.
	URL string

	mu       sync.Mutex
	answers  []Answer
	requests []Request
}

// New starts a provider that gives the answers in their order, and the last one from then on.
func New(t testing.TB, answers ...Answer) *Provider {
	t.Helper()
	p := &Provider{answers: answers}
	s := httptest.NewUnstartedServer(p)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	p.URL = s.URL
	return p
}

// ServeHTTP keeps the request and gives the next answer.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	a := p.take(Request{r.Method, r.URL.RequestURI(), r.Header.Clone(), body})
	if a.Cut {
		panic(http.ErrAbortHandler)
	}
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body)
}

func (p *Provider) take(r Request) Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, r)
	a := p.answers[0]
	if len(p.answers) > 1 {
		p.answers = p.answers[1:]
	}
	return a
}

// Requests are all that came so far.
func (p *Provider) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Request(nil), p.requests...)
}

// Client reaches loopback in clear text, which no client outside tests does.
func Client() *egress.Client {
	return egress.New(egress.Options{PlainHTTP: true, Connections: 64, Policy: egress.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
}
