// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command portal serves the web app of one network.
//
// Where the network's settings say so it also takes what comes back to campaign mails, at a port of its own.
//
// It reads the files that the operator mounts (internal/settings) and never talks to the Kubernetes API. On SIGTERM
// it first says that it is not ready, goes on serving for the shutdown delay, and then finishes what is under way.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // the image has no zone files

	"github.com/alumni-operator/alumni-operator/internal/settings"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	opts, err := readOptions(os.Args[1:], os.LookupEnv, os.Stderr)
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	if err := run(ctx, opts, log); err != nil {
		log.Error("Stopping", "error", err.Error())
		os.Exit(1)
	}
}

// options are what the portal can be told beside the mounted settings. Each flag has a variable of the environment
// of the same name: ALUMNI_PORTAL_ and the flag in capitals.
type options struct {
	listen         string
	metricsListen  string
	bouncesListen  string
	shutdownDelay  time.Duration
	trustedProxies string
	networkDir     string
	databaseDir    string
	tokenKeyDir    string
	emailDir       string
	dkimDir        string
	lineDir        string
	staffDir       string
}

func readOptions(args []string, lookup func(string) (string, bool), out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("portal", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&o.listen, "listen", ":8080", "address of the web app and its probes")
	f.StringVar(&o.metricsListen, "metrics-listen", ":9090", "address of /metrics")
	f.StringVar(&o.bouncesListen, "bounces-listen", ":8025", "address at which bounces are taken, if the network's settings say so")
	f.DurationVar(&o.shutdownDelay, "shutdown-delay", 5*time.Second, "how long to go on serving after SIGTERM, until nobody is sent here any more")
	f.StringVar(&o.trustedProxies, "trusted-proxies", "", "addresses or CIDRs of proxies whose X-Forwarded-For is believed, separated by commas")
	f.StringVar(&o.networkDir, "network-dir", settings.NetworkDir, "folder with the network's settings")
	f.StringVar(&o.databaseDir, "db-dir", settings.DatabaseDir, "folder with the portal's database login")
	f.StringVar(&o.tokenKeyDir, "token-key-dir", settings.TokenKeyDir, "folder with the key of unsubscribe links")
	f.StringVar(&o.emailDir, "email-dir", settings.EmailDir, "folder with the mail server's credentials")
	f.StringVar(&o.dkimDir, "dkim-dir", settings.DKIMDir, "folder with the key that signs mails, if the network's settings say so")
	f.StringVar(&o.lineDir, "line-dir", settings.LINEDir, "folder with the secret by which LINE signs events")
	f.StringVar(&o.staffDir, "staff-dir", settings.StaffDir, "folder with the list of staff, if the network's settings say so")
	if err := fromEnvironment(f, lookup); err != nil {
		fmt.Fprintln(out, err)
		return o, err
	}
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		err := fmt.Errorf("unexpected argument %q", f.Arg(0))
		fmt.Fprintln(out, err)
		return o, err
	}
	return o, nil
}
