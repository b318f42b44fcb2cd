// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/alumni-operator/alumni-operator/internal/bounce/receiver"
	"github.com/alumni-operator/alumni-operator/internal/bounce/register"
	"github.com/alumni-operator/alumni-operator/internal/capture"
	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/community/pgstore"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/mail"
	"github.com/alumni-operator/alumni-operator/internal/portal"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
	"github.com/alumni-operator/alumni-operator/internal/portal/middleware"
	"github.com/alumni-operator/alumni-operator/internal/portal/outbox"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/staff"
	"github.com/alumni-operator/alumni-operator/internal/survey"
	"github.com/alumni-operator/alumni-operator/internal/tracking"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

const (
	databaseConnections = 8
	// finishLimit is how long requests and mails under way may take after the shutdown delay.
	finishLimit = 20 * time.Second
	// drainLimit is how long requests for links are looked up after the last answer.
	drainLimit = 3 * time.Second
	// housekeeping is how often pauses are ended and old rows forgotten.
	housekeeping      = time.Minute
	housekeepingLimit = 20 * time.Second
)

// app is the running portal: its listeners and what works behind them.
type app struct {
	log        *slog.Logger
	store      *pgstore.Portal
	server     *portal.Server
	requests   []*outbox.Requests // of members, and of staff
	worker     *outbox.Worker     // nil without a sender
	recorder   mail.Recorder      // takes the mails of a trial
	bounces    *receiver.Receiver // nil without a receiver
	background sync.WaitGroup

	key             []byte // of tokens
	bouncesListener net.Listener
}

// run serves until the context ends and everything under way is finished.
func run(ctx context.Context, o options, logger *slog.Logger) error {
	network, err := settings.Load[settings.Network](filepath.Join(o.networkDir, settings.NetworkFile))
	if err != nil {
		return err
	}
	pool, err := dbconn.Open(ctx, o.databaseDir, dbconn.Options{MaxConns: databaseConnections, ApplicationName: "alumni-portal"})
	if err != nil {
		return err
	}
	defer pool.Close()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a := &app{log: logger, recorder: capture.NewRecorder(pool)}
	if err := a.build(o, network, pool, registry); err != nil {
		return err
	}
	if a.bounces, err = newReceiver(network, a.key, register.New(pool), logger, registry); err != nil {
		return err
	}

	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listen for the web app: %w", err)
	}
	metricsListener, err := net.Listen("tcp", o.metricsListen)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for metrics: %w", err), listener.Close())
	}
	if a.bounces != nil {
		if a.bouncesListener, err = net.Listen("tcp", o.bouncesListen); err != nil {
			return errors.Join(fmt.Errorf("listen for bounces: %w", err), listener.Close(), metricsListener.Close())
		}
	}
	metrics := http.NewServeMux()
	metrics.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return a.serve(ctx, o.shutdownDelay, listening{a.httpServer(a.server), listener}, listening{a.httpServer(metrics), metricsListener})
}

// build wires the parts.
func (a *app) build(o options, network settings.Network, pool *pgxpool.Pool, registry prometheus.Registerer) error {
	key, err := os.ReadFile(filepath.Join(o.tokenKeyDir, settings.TokenKeyFile))
	if err != nil {
		return fmt.Errorf("read the token key: %w", err)
	}
	a.key, a.store = key, pgstore.NewPortal(pool, key, time.Now)
	signer, err := unsubscribe.NewSigner(key)
	if err != nil {
		return err
	}
	tracker, err := tracking.NewSigner(key)
	if err != nil {
		return err
	}
	surveys, err := survey.NewSigner(key)
	if err != nil {
		return err
	}
	proxies, err := middleware.ParseProxies(o.trustedProxies)
	if err != nil {
		return err
	}
	wake := func() {}
	if network.Email != nil {
		catalogue, err := i18n.Load()
		if err != nil {
			return err
		}
		composer, err := outbox.NewComposer(network, catalogue)
		if err != nil {
			return err
		}
		a.worker = outbox.NewWorker(outbox.Worker{Queue: a.store, Composer: composer, Email: *network.Email, EmailDir: o.emailDir, DKIMDir: o.dkimDir, Recorder: a.recorder,
			Now: time.Now, Log: a.log}, registry)
		wake = a.worker.Wake
	}
	members, office := outbox.NewRequests(a.store, wake, a.log), outbox.NewRequests(pgstore.StaffLinks{Portal: a.store}, wake, a.log)
	a.requests = []*outbox.Requests{members, office}
	if network.Console {
		a.store.Employ(staffList(o.staffDir, a.log))
	}
	a.server, err = portal.New(portal.Config{
		Network: network, Services: a.store, Links: members, StaffLinks: office, Tokens: signer, Tracker: tracker, Surveys: surveys, Ready: a.store.Ready, Wake: wake,
		Log: a.log, Registry: registry, Now: time.Now, Proxies: proxies, LINEDir: o.lineDir,
	})
	return err
}

// staffList reads the list of staff whenever it is asked for, so that who is taken off it is out as soon as the mounted file changes. While
// it cannot be read nobody is on it.
func staffList(dir string, log *slog.Logger) func() []community.StaffMember {
	return func() []community.StaffMember {
		people, err := staff.Read(dir)
		if err != nil {
			log.Error("Failing to read who is staff", "error", err.Error())
		}
		return people
	}
}

// listening is a server with its listener.
type listening struct {
	server   *http.Server
	listener net.Listener
}

// serve runs the listeners and the background work. When the context ends, it drains: not ready at once, then the
// delay, then no new connection, then the end of everything that was begun.
func (a *app) serve(ctx context.Context, delay time.Duration, web, metrics listening) error {
	failed := make(chan error, 3)
	for _, l := range []listening{web, metrics} {
		go func() { failed <- l.server.Serve(l.listener) }()
	}
	if a.bounces != nil {
		go func() {
			if err := a.bounces.Serve(a.bouncesListener); err != nil {
				failed <- err
			}
		}()
		a.log.Info("Taking bounces", "address", a.bouncesListener.Addr().String())
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	a.startWork(work)
	a.log.Info("Serving", "address", web.listener.Addr().String(), "metrics", metrics.listener.Addr().String())

	var failure error
	select {
	case err := <-failed:
		failure = fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		a.log.Info("Draining", "delay", delay.String())
		a.server.Drain()
		select {
		case err := <-failed:
			failure = fmt.Errorf("serve: %w", err)
		case <-time.After(delay):
		}
	}
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
	defer cancel()
	if a.bounces != nil {
		a.bounces.Stop(finish)
	}
	err := web.server.Shutdown(finish)
	stopWork()
	if !a.workEnds(finish) {
		a.log.Warn("Leaving a mail to another replica") // its lease runs out, and it is sent again
	}
	a.log.Info("Stopped serving")
	return errors.Join(failure, err, metrics.server.Close())
}

// workEnds waits for the background work and tells whether it ended in time.
func (a *app) workEnds(ctx context.Context) bool {
	ended := make(chan struct{})
	go func() {
		a.background.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return true
	case <-ctx.Done():
		return false
	}
}

// startWork begins what goes on beside the answers.
func (a *app) startWork(ctx context.Context) {
	for _, requests := range a.requests {
		a.background.Go(func() { requests.Run(ctx, drainLimit) })
	}
	if a.worker != nil {
		a.background.Go(func() { a.worker.Run(ctx) })
	}
	a.background.Go(func() { a.keepHouse(ctx) })
}

// keepHouse tidies the store now and then.
func (a *app) keepHouse(ctx context.Context) {
	tick := time.NewTicker(housekeeping)
	defer tick.Stop()
	for {
		once, cancel := context.WithTimeout(ctx, housekeepingLimit)
		if err := a.store.Housekeep(once); err != nil && ctx.Err() == nil {
			a.log.Warn("Failing to keep house", "error", err.Error())
		}
		cancel()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// httpServer has every limit set: a client that is slow or does not end is cut off.
func (a *app) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(serverErrors{a.log}, "", 0),
	}
}

// serverErrors lets through what net/http says about the server itself, and drops what it says about clients: that
// holds their addresses.
type serverErrors struct{ log *slog.Logger }

func (s serverErrors) Write(line []byte) (int, error) {
	if text := strings.TrimSpace(string(line)); strings.HasPrefix(text, "http: Accept error") {
		s.log.Error("Failing to accept connections", "error", text)
	}
	return len(line), nil
}
