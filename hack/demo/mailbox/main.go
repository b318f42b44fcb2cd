// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command mailbox is the demo's mail server: it takes every mail, forwards none, and shows them on a web page.
//
// It keeps the last 20,000 mails in memory. GET /api/counts says how many mails it took, to how many recipients
// and how many of them twice; GET /api/messages?to=ADDRESS gives mails as JSON; POST /api/faults makes it refuse,
// delay or drop what comes next, so that senders can be watched in trouble.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

// memoryLimit keeps the whole process below the 512 MiB of its container.
const memoryLimit = 400 << 20

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	smtpAddress := flag.String("smtp-listen", ":2525", "address of the SMTP server")
	httpAddress := flag.String("http-listen", ":8025", "address of the web page")
	keep := flag.Int("keep", 20_000, "number of mails to keep; older ones are forgotten and stay counted")
	flag.Parse()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, log, newBox(*keep, maxKeptBytes), *smtpAddress, *httpAddress); err != nil {
		log.Error("Stopping", "error", err.Error())
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, log *slog.Logger, b *box, smtpAddress, httpAddress string) error {
	smtpListener, err := net.Listen("tcp", smtpAddress)
	if err != nil {
		return fmt.Errorf("listen for mail: %w", err)
	}
	httpListener, err := net.Listen("tcp", httpAddress)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for browsers: %w", err), smtpListener.Close())
	}
	return serve(ctx, log, b, smtpListener, httpListener)
}

// serve runs both servers on open listeners.
func serve(ctx context.Context, log *slog.Logger, b *box, smtpListener, httpListener net.Listener) error {
	faults := newFaults(ctx)
	mails := newSMTPServer(b, faults)
	pages := &http.Server{
		Handler: newHandler(b, faults), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 1 << 16,
	}
	ended := make(chan error, 2)
	go func() { ended <- mails.Serve(smtpListener) }()
	go func() { ended <- pages.Serve(httpListener) }()
	log.Info("Taking mail", "smtp", smtpListener.Addr().String(), "http", httpListener.Addr().String())
	var failure error
	select {
	case failure = <-ended:
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := mails.Shutdown(closing); err != nil {
		_ = mails.Close() // a client that keeps its connection open is cut off
	}
	if err := pages.Shutdown(closing); err != nil {
		_ = pages.Close()
	}
	return failure
}
