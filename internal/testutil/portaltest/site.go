// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portaltest

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/alumni-operator/alumni-operator/internal/capture"
	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/portal"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
	"github.com/alumni-operator/alumni-operator/internal/portal/outbox"
)

// Site is the portal of a world, served over https by this process on the world's clock.
type Site struct {
	URL      string
	Server   *portal.Server
	Portal   *pgstore.Portal
	Registry *prometheus.Registry
	http     *httptest.Server
	world    *World
}

// Serve runs the portal with its background work until the test ends. Requests from this machine may say in
// X-Forwarded-For whom they are from.
func (w *World) Serve() *Site {
	w.t.Helper()
	s := &Site{Portal: pgstore.NewPortal(w.Store.Pool(naming.RolePortal), w.Key, w.Clock.Now), Registry: prometheus.NewRegistry(), world: w}
	s.http = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { s.Server.ServeHTTP(rw, r) }))
	w.Network.PublicURL = "https://" + s.http.Listener.Addr().String()
	log := slog.New(slog.NewJSONHandler(w.Log, nil))

	wake := func() {}
	ctx, cancel := context.WithCancel(context.Background())
	var background sync.WaitGroup
	if w.Network.Email != nil {
		worker := s.worker(log)
		wake = worker.Wake
		background.Go(func() { worker.Run(ctx) })
	}
	requests, office := outbox.NewRequests(s.Portal, wake, log), outbox.NewRequests(pgstore.StaffLinks{Portal: s.Portal}, wake, log)
	background.Go(func() { requests.Run(ctx, Patience) })
	background.Go(func() { office.Run(ctx, Patience) })
	if w.Network.Console {
		s.Portal.Employ(w.staff)
	}

	var err error
	s.Server, err = portal.New(portal.Config{
		Network: w.Network, Services: s.Portal, Links: requests, StaffLinks: office, Tokens: w.Tokens, Tracker: w.Tracker, Surveys: w.Surveys, Ready: s.Portal.Ready, Wake: wake,
		Log: log, Registry: s.Registry, Now: w.Clock.Now, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, LINEDir: w.LINEDir,
	})
	if err != nil {
		w.t.Fatalf("make the portal: %v", err)
	}
	s.http.StartTLS()
	s.URL = s.http.URL
	w.t.Cleanup(func() {
		s.http.Close()
		cancel()
		background.Wait()
	})
	return s
}

func (s *Site) worker(log *slog.Logger) *outbox.Worker {
	s.world.t.Helper()
	catalogue, err := i18n.Load()
	if err != nil {
		s.world.t.Fatalf("load texts: %v", err)
	}
	composer, err := outbox.NewComposer(s.world.Network, catalogue)
	if err != nil {
		s.world.t.Fatalf("make a composer: %v", err)
	}
	return outbox.NewWorker(outbox.Worker{Queue: s.Portal, Composer: composer, Email: *s.world.Network.Email,
		EmailDir: s.world.t.TempDir(), Recorder: capture.NewRecorder(s.world.Store.Pool(naming.RolePortal)), Now: s.world.Clock.Now, Log: log}, s.Registry)
}

// Browser is a client with cookies of its own that does not follow redirects.
func (s *Site) Browser() *Browser {
	s.world.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.world.t.Fatalf("make a cookie jar: %v", err)
	}
	client := *s.http.Client()
	client.Jar = jar
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Browser{t: s.world.t, base: s.URL, client: &client, Language: "en"}
}
