// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

func TestMain(m *testing.M) { os.Exit(portaltest.Run(m)) }

func TestOptionsComeFromFlagsOverEnvironmentOverDefaults(t *testing.T) {
	g := NewWithT(t)
	environment := map[string]string{"ALUMNI_PORTAL_LISTEN": ":1", "ALUMNI_PORTAL_SHUTDOWN_DELAY": "7s", "ALUMNI_PORTAL_TRUSTED_PROXIES": "10.0.0.0/8"}
	lookup := func(name string) (string, bool) { v, ok := environment[name]; return v, ok }
	o, err := readOptions([]string{"--listen", ":2"}, lookup, io.Discard)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect([]any{o.listen, o.metricsListen, o.shutdownDelay, o.trustedProxies, o.networkDir}).
		To(Equal([]any{":2", ":9090", 7 * time.Second, "10.0.0.0/8", "/etc/alumni/network"}))

	environment["ALUMNI_PORTAL_SHUTDOWN_DELAY"] = "soon"
	var out bytes.Buffer
	_, err = readOptions(nil, lookup, &out)
	g.Expect(err).To(MatchError(ContainSubstring("ALUMNI_PORTAL_SHUTDOWN_DELAY")))
	_, err = readOptions([]string{"serve"}, func(string) (string, bool) { return "", false }, &out)
	g.Expect(err).To(MatchError(ContainSubstring(`unexpected argument "serve"`)))
}

// ask gets a page of a process; status 0 means that no whole answer came.
func ask(client *http.Client, url string) (int, string) {
	answer, err := client.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(body)
}

func TestThePortalWaitsForItsStore(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	role := w.Store.Login("portal").Username
	w.Exec(`ALTER ROLE ` + role + ` NOLOGIN`)
	p := w.Start()
	status := func(path string) int { s, _ := ask(http.DefaultClient, "http://"+p.Address+path); return s }
	g.Expect([]int{status("/healthz"), status("/readyz"), status("/")}).To(Equal([]int{200, 503, 200}))
	w.Exec(`ALTER ROLE ` + role + ` LOGIN`)
	w.Eventually("it is ready", func() bool { return status("/readyz") == 200 })

	_, metrics := ask(http.DefaultClient, "http://"+p.Metrics+"/metrics")
	g.Expect(metrics).To(And(ContainSubstring(`alumni_portal_requests_total{code="200",method="GET",route="GET /{$}"}`), ContainSubstring("go_goroutines")))
	g.Expect(status("/metrics")).To(Equal(404), "metrics are not public")
	canary.Scan(t, "the log", p.Log.String())
	g.Expect(p.Log.String()).NotTo(ContainSubstring(w.Store.Login("portal").Password))
}

func TestASlowClientIsCutOff(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	p := w.Start()
	conn, err := net.Dial("tcp", p.Address)
	g.Expect(err).NotTo(HaveOccurred())
	defer func() { _ = conn.Close() }()
	_, err = conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(conn.SetReadDeadline(time.Now().Add(15 * time.Second))).To(Succeed())
	_, err = io.ReadAll(conn)
	g.Expect(err).NotTo(HaveOccurred(), "the server ends the connection by itself")
}

// service sends requests to the ready processes, as a Kubernetes Service does: it notices with a delay.
type service struct {
	mu        sync.Mutex
	processes []*portaltest.Process
	ready     []string
	next      atomic.Int64
}

func (s *service) add(p *portaltest.Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.processes = append(s.processes, p)
}

// watch looks at readiness every 200 ms; what it saw takes effect at its next look.
func (s *service) watch(ctx context.Context) {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for ctx.Err() == nil {
		s.mu.Lock()
		processes := append([]*portaltest.Process{}, s.processes...)
		s.mu.Unlock()
		var ready []string
		for _, p := range processes {
			if status, _ := ask(client, "http://"+p.Address+"/readyz"); status == 200 {
				ready = append(ready, p.Address)
			}
		}
		time.Sleep(200 * time.Millisecond)
		s.mu.Lock()
		s.ready = ready
		s.mu.Unlock()
	}
}

// dial opens a connection to one of the ready processes.
func (s *service) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	s.mu.Lock()
	ready := s.ready
	s.mu.Unlock()
	if len(ready) == 0 {
		return nil, fmt.Errorf("no process is ready")
	}
	return new(net.Dialer).DialContext(ctx, network, ready[int(s.next.Add(1))%len(ready)])
}

// load asks for pages from several visitors, over connections that are kept, until the context ends.
type load struct {
	asked, failed atomic.Int64
	first         atomic.Pointer[string]
}

func (l *load) run(ctx context.Context, s *service, visitors int, session string) {
	var all sync.WaitGroup
	for i := range visitors {
		all.Go(func() {
			client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: s.dial, MaxIdleConnsPerHost: 1},
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			for n := i; ctx.Err() == nil; n++ {
				l.once(client, n, session)
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	all.Wait()
}

// once asks for one page. The POST has a body that cannot be sent again, so that the client hides no failure.
func (l *load) once(client *http.Client, n int, session string) {
	r, _ := http.NewRequest(http.MethodGet, []string{"http://portal/", "http://portal/me"}[n%2], nil)
	if n%5 == 0 {
		r, _ = http.NewRequest(http.MethodPost, "http://portal/me/pause", io.NopCloser(bytes.NewReader([]byte("act=resume"))))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.AddCookie(&http.Cookie{Name: "session", Value: session})
	l.asked.Add(1)
	answer, err := client.Do(r)
	if err == nil {
		_, err = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if err == nil && answer.StatusCode != http.StatusOK && !(n%5 == 0 && answer.Header.Get("Location") == "/me/pause?done=resumed") {
			err = fmt.Errorf("%s %s: status %d", r.Method, r.URL.Path, answer.StatusCode)
		}
	}
	if err != nil {
		l.failed.Add(1)
		text := err.Error()
		l.first.CompareAndSwap(nil, &text)
	}
}

func TestARollingUpdateLosesNoRequest(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	w.Network.PublicURL = "http://localhost:8080"
	w.Store.Pool("portal")
	session := sessionOf(t, w)
	s := &service{}
	old := []*portaltest.Process{w.Start("--shutdown-delay", "2s"), w.Start("--shutdown-delay", "2s")}
	for _, p := range old {
		s.add(p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var background sync.WaitGroup
	background.Go(func() { s.watch(ctx) })
	w.Eventually("both are ready", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.ready) == 2 })
	var l load
	background.Go(func() { l.run(ctx, s, 6, session) })

	for _, p := range old { // a new one serves before an old one ends
		s.add(w.Start("--shutdown-delay", "2s"))
		before := l.asked.Load()
		w.Eventually("there is load", func() bool { return l.asked.Load() > before+50 })
		p.Signal(syscall.SIGTERM)
		g.Expect(p.Wait()).To(Equal(0), p.Log.String())
	}
	after := l.asked.Load()
	w.Eventually("the new ones carry the load", func() bool { return l.asked.Load() > after+50 })
	cancel()
	background.Wait()
	if first := l.first.Load(); first != nil {
		t.Errorf("the first failure: %s", *first)
	}
	g.Expect(l.failed.Load()).To(BeZero())
	t.Logf("%d requests, none failed", l.asked.Load())
}

// TestARotationOfTheLoginLosesNoRequest renews the portal's login under load, twice in a row. Each time the new one is valid
// before a new process starts with it, and the former ends when no process uses it any more.
func TestARotationOfTheLoginLosesNoRequest(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	w.Network.PublicURL = "http://localhost:8080"
	session := sessionOf(t, w)
	s := &service{}
	running := []*portaltest.Process{w.Start("--shutdown-delay", "2s"), w.Start("--shutdown-delay", "2s")}
	for _, p := range running {
		s.add(p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var background sync.WaitGroup
	background.Go(func() { s.watch(ctx) })
	w.Eventually("both are ready", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.ready) == 2 })
	var l load
	begun := time.Now()
	background.Go(func() { l.run(ctx, s, 6, session) })
	carry := func() {
		before := l.asked.Load()
		w.Eventually("there is load", func() bool { return l.asked.Load() > before+50 })
	}

	for range 2 {
		former := w.Store.Login("portal").Username
		closeFormer := w.Store.Rotate()
		g.Expect(w.Store.Login("portal").Username).NotTo(Equal(former))
		var next []*portaltest.Process
		for _, p := range running { // a new one serves before an old one ends
			started := w.Start("--shutdown-delay", "2s")
			s.add(started)
			next = append(next, started)
			carry()
			p.Signal(syscall.SIGTERM)
			g.Expect(p.Wait()).To(Equal(0), p.Log.String())
		}
		closeFormer()
		carry()
		running = next
		g.Expect(w.Value(`SELECT count(*)::text FROM pg_stat_activity WHERE usename = '` + former + `'`)).To(Equal("0"))
		g.Expect(w.Value(`SELECT rolcanlogin::text FROM pg_roles WHERE rolname = '` + former + `'`)).To(Equal("false"))
	}
	cancel()
	background.Wait()
	if first := l.first.Load(); first != nil {
		t.Errorf("the first failure: %s", *first)
	}
	g.Expect(l.failed.Load()).To(BeZero())
	rate := float64(l.asked.Load()) / time.Since(begun).Seconds()
	g.Expect(rate).To(BeNumerically(">=", 20))
	t.Logf("%d requests, %.0f a second, none failed", l.asked.Load(), rate)
}

// sessionOf signs somebody in by a process that then ends.
func sessionOf(t *testing.T, w *portaltest.World) string {
	t.Helper()
	p := w.Start("--shutdown-delay", "0s")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	person := w.Person(community.StateActive)
	answer, err := client.Post("http://"+p.Address+"/sign-in", "application/x-www-form-urlencoded", bytes.NewReader([]byte("address="+person.Address)))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	token := w.AwaitMail(person.Address, 1).Token()
	answer, err = client.Post("http://"+p.Address+"/sign-in/"+token, "application/x-www-form-urlencoded", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	p.Signal(syscall.SIGTERM)
	if code := p.Wait(); code != 0 {
		t.Fatalf("the portal ended with %d:\n%s", code, p.Log)
	}
	for _, c := range answer.Cookies() {
		if c.Name == "session" && c.HttpOnly && !c.Secure {
			return c.Value
		}
	}
	t.Fatal("no session")
	return ""
}

func TestAKilledPortalLosesNoWithdrawal(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	w.Network.PublicURL = "http://localhost:8080"
	session := sessionOf(t, w)
	p := w.Start()
	r, _ := http.NewRequest(http.MethodPost, "http://"+p.Address+"/me/leave/confirm", bytes.NewReader([]byte("understood=yes")))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: "session", Value: session})
	answer, err := http.DefaultClient.Do(r)
	g.Expect(err).NotTo(HaveOccurred())
	_ = answer.Body.Close()
	g.Expect(answer.StatusCode).To(Equal(200))
	p.Kill()
	g.Expect(w.Value(`SELECT state FROM alumni.erasure_request`)).To(Equal("Open"))
	// A lease that the killed one may have held runs out; the next one sends the receipt.
	w.Exec(`UPDATE alumni.portal_mail SET lease_until = now() WHERE state = 'Waiting'`)
	w.Start()
	w.Eventually("the receipt is sent", func() bool {
		return w.Value(`SELECT state FROM alumni.portal_mail WHERE kind = 'WithdrawalReceipt'`) == "Sent"
	})
}

func TestAPortalThatCannotStartSaysWhy(t *testing.T) {
	cases := map[string]struct {
		spoil func(o *options)
		want  string
	}{
		"no settings":   {func(o *options) { o.networkDir = t.TempDir() }, "read settings"},
		"no login":      {func(o *options) { o.databaseDir = t.TempDir() }, "host"},
		"no token key":  {func(o *options) { o.tokenKeyDir = t.TempDir() }, "read the token key"},
		"a bad proxy":   {func(o *options) { o.trustedProxies = "x" }, "trusted proxies"},
		"a bad address": {func(o *options) { o.listen = "nowhere:x" }, "listen for the web app"},
	}
	w := portaltest.New(t)
	d := w.Dirs()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			o := options{listen: "127.0.0.1:0", metricsListen: "127.0.0.1:0", networkDir: d.Network, databaseDir: d.Database, tokenKeyDir: d.TokenKey, emailDir: d.Email}
			c.spoil(&o)
			err := run(t.Context(), o, nil)
			g.Expect(err).To(MatchError(ContainSubstring(c.want)))
			g.Expect(err.Error()).NotTo(ContainSubstring(w.Store.Login("portal").Password))
		})
	}
}
