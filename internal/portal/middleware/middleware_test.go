// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package middleware_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/portal/middleware"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

func refuse(w http.ResponseWriter, _ *http.Request, status int) { w.WriteHeader(status) }

func route(*http.Request) string { return "GET /x" }

func TestTheClientIsThePeerUnlessAProxyIsTrusted(t *testing.T) {
	cases := map[string]struct{ peer, forwarded, proxies, want string }{
		"the peer":                             {"192.0.2.1:1000", "", "", "192.0.2.1"},
		"nobody is trusted by default":         {"192.0.2.1:1000", "203.0.113.1", "", "192.0.2.1"},
		"another peer is not trusted":          {"192.0.2.1:1000", "203.0.113.1", "10.0.0.0/8", "192.0.2.1"},
		"a trusted proxy":                      {"10.1.2.3:1000", "203.0.113.1", "10.0.0.0/8", "203.0.113.1"},
		"what the client wrote is passed over": {"10.1.2.3:1000", "198.51.100.1, 203.0.113.1", "10.0.0.0/8", "203.0.113.1"},
		"two proxies":                          {"10.1.2.3:1000", "203.0.113.1, 10.9.9.9", "10.0.0.0/8", "203.0.113.1"},
		"proxies only":                         {"10.1.2.3:1000", "10.9.9.9", "10.0.0.0/8", "10.9.9.9"},
		"nonsense in the header":               {"10.1.2.3:1000", "203.0.113.1, <x>", "10.0.0.0/8", "10.1.2.3"},
		"no header":                            {"10.1.2.3:1000", "", "10.0.0.0/8", "10.1.2.3"},
		"a single trusted address":             {"10.1.2.3:1000", "203.0.113.1", "10.1.2.3", "203.0.113.1"},
		"IPv4 written as IPv6":                 {"[::ffff:10.1.2.3]:1000", "::ffff:203.0.113.1", "10.0.0.0/8", "203.0.113.1"},
		"IPv6":                                 {"[fd00::1]:1000", "2001:db8::7", "fd00::/8", "2001:db8::7"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			proxies, err := middleware.ParseProxies(c.proxies)
			g.Expect(err).NotTo(HaveOccurred())
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.peer
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			g.Expect(middleware.ClientIP(r, proxies).String()).To(Equal(c.want))
		})
	}
	g := NewWithT(t)
	_, err := middleware.ParseProxies("10.0.0.0/8, somewhere")
	g.Expect(err).To(MatchError(ContainSubstring(`"somewhere" is neither`)))
}

func TestABucketRefillsAndIsEachClientsOwn(t *testing.T) {
	g := NewWithT(t)
	now := time.Unix(1000, 0)
	l := middleware.NewLimiter(time.Second, 3, func() time.Time { return now })
	allowed := func(address string) int {
		n := 0
		for range 10 {
			if l.Allow(netip.MustParseAddr(address)) {
				n++
			}
		}
		return n
	}
	g.Expect(allowed("203.0.113.1")).To(Equal(3))
	g.Expect(allowed("203.0.113.2")).To(Equal(3))
	now = now.Add(2 * time.Second)
	g.Expect(allowed("203.0.113.1")).To(Equal(2))
	g.Expect(allowed("2001:db8::1")).To(Equal(3))
	g.Expect(allowed("2001:db8::2")).To(Equal(0), "one customer has a whole /64")
	g.Expect(allowed("2001:db8:0:1::1")).To(Equal(3))
	g.Expect(l.Allow(netip.Addr{})).To(BeTrue())
}

func TestALimiterDoesNotGrowWithoutEnd(t *testing.T) {
	g := NewWithT(t)
	now := time.Unix(1000, 0)
	l := middleware.NewLimiter(time.Second, 3, func() time.Time { return now })
	for i := range 200_000 {
		l.Allow(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
		g.Expect(l.Clients()).To(BeNumerically("<=", 10_000))
	}
}

func TestAPanicIsAnsweredAndItsValueKeptQuiet(t *testing.T) {
	panics := map[string]struct {
		act  func()
		want string
	}{
		"a runtime error":      {func() { _ = []int{}[len(t.Name())] }, "index out of range"},
		"text of a person":     {func() { panic("no such member: " + canary.Email) }, `"panic":"string"`},
		"an error of a person": {func() { panic(errors.New(canary.NameEn)) }, `"panic":"*errors.errorString"`},
	}
	for name, c := range panics {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var log bytes.Buffer
			h := middleware.Recover(slog.New(slog.NewJSONHandler(&log, nil)), refuse)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { c.act() }))
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
			g.Expect(answer.Code).To(Equal(500))
			g.Expect(log.String()).To(And(ContainSubstring(c.want), ContainSubstring("middleware_test.go")))
			canary.Scan(t, "the log", log.String())
		})
	}
}

func TestAnAnswerThatHasBegunIsCutOff(t *testing.T) {
	g := NewWithT(t)
	h := middleware.Recover(slog.New(slog.DiscardHandler), refuse)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half a page"))
		panic("late")
	}))
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	_, err := http.Get(server.URL)
	g.Expect(err).To(HaveOccurred())
}

func TestRequestsHaveIdsOfTheirOwn(t *testing.T) {
	g := NewWithT(t)
	var inside string
	h := middleware.RequestID()(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inside = middleware.IDOf(r.Context()) }))
	ask := func() string {
		r, answer := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Header.Set("X-Request-Id", canary.Token)
		h.ServeHTTP(answer, r)
		g.Expect(answer.Header().Get("X-Request-Id")).To(Equal(inside))
		return inside
	}
	first := ask()
	g.Expect(first).To(And(HaveLen(26), Not(Equal(ask()))))
}

func TestTheAccessLogNamesRoutesOnly(t *testing.T) {
	g := NewWithT(t)
	var log bytes.Buffer
	h := middleware.AccessLog(slog.New(slog.NewJSONHandler(&log, nil)), route, nil)(http.NotFoundHandler())
	r := httptest.NewRequest(http.MethodPost, "/u/"+canary.Token+"?mail="+canary.Email, nil)
	r.Header.Set("User-Agent", canary.NameEn)
	r.Header.Set("Referer", "https://x/"+canary.Password)
	h.ServeHTTP(httptest.NewRecorder(), r)
	canary.Scan(t, "the log", log.String())
	g.Expect(log.String()).To(And(ContainSubstring(`"route":"GET /x","status":404`), Not(ContainSubstring("192.0.2.1"))))

	log.Reset()
	status := 200
	h = middleware.AccessLog(slog.New(slog.NewJSONHandler(&log, nil)), route, map[string]bool{"GET /x": true})(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	h.ServeHTTP(httptest.NewRecorder(), r)
	g.Expect(log.String()).To(BeEmpty())
	status = 503
	h.ServeHTTP(httptest.NewRecorder(), r)
	g.Expect(log.String()).To(ContainSubstring("503"), "a quiet route is heard when it fails")
}

func TestDrainingMakesClientsLeave(t *testing.T) {
	g := NewWithT(t)
	var draining atomic.Bool
	server := httptest.NewServer(middleware.Drain(&draining)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	t.Cleanup(server.Close)
	closes := func() bool {
		answer, err := http.Get(server.URL)
		g.Expect(err).NotTo(HaveOccurred())
		_ = answer.Body.Close()
		return answer.Close
	}
	g.Expect(closes()).To(BeFalse())
	draining.Store(true)
	g.Expect(closes()).To(BeTrue())
}

func TestWorkHasADeadline(t *testing.T) {
	g := NewWithT(t)
	var left time.Duration
	h := middleware.Deadline(time.Minute)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		at, _ := r.Context().Deadline()
		left = time.Until(at)
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	g.Expect(left).To(And(BeNumerically(">", 50*time.Second), BeNumerically("<=", time.Minute)))
}

func TestHSTSIsForHTTPSOnly(t *testing.T) {
	g := NewWithT(t)
	for _, secure := range []bool{true, false} {
		answer := httptest.NewRecorder()
		middleware.Headers(secure)(http.NotFoundHandler()).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
		g.Expect(answer.Header().Get("Strict-Transport-Security") != "").To(Equal(secure))
	}
}
