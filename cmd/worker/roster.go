// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the image has no zone files

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/people"
	"github.com/alumni-operator/alumni-operator/internal/roster"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

const (
	// rosterLimit bounds a whole import, so that a slow source cannot hold the import lock for ever.
	rosterLimit = time.Hour
	// rosterMemory keeps the collector at work: an import streams and needs little, so 100,000 rows must not leave
	// 100,000 rows of garbage behind.
	rosterMemory = 24 << 20
)

// rosterPaths are the mounted folders; flags move them, for tests and for a try on a laptop.
type rosterPaths struct{ network, database, pepper, secret, volume string }

func runRoster(ctx context.Context, args []string, log *slog.Logger) error {
	var paths rosterPaths
	flags := flag.NewFlagSet("worker roster", flag.ContinueOnError)
	flags.StringVar(&paths.network, "network-dir", settings.NetworkDir, "folder with "+settings.NetworkFile)
	flags.StringVar(&paths.database, "database-dir", settings.DatabaseDir, "folder with the login of the roster role")
	flags.StringVar(&paths.pepper, "pepper-dir", settings.PepperDir, "folder with the key of tombstones")
	flags.StringVar(&paths.secret, "secret-dir", settings.RosterSecretDir, "folder with what opens an HTTPS roster")
	flags.StringVar(&paths.volume, "volume-dir", settings.RosterVolumeDir, "folder with the file of a volume roster")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errFinal, err)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(rosterMemory)
	}
	ctx, cancel := context.WithTimeout(ctx, rosterLimit)
	defer cancel()
	job, err := rosterJob(ctx, paths)
	if err != nil {
		return err
	}
	defer job.Pool.Close()
	job.Log = log.With("run", job.RunName)
	return importRoster(ctx, job)
}

func importRoster(ctx context.Context, job roster.Job) error {
	begun := time.Now()
	result, err := job.Run(ctx)
	log := job.Log.With("seconds", time.Since(begun).Seconds(), "peakMemoryKiB", peakMemory())
	var failure *roster.Failure
	switch {
	case errors.As(err, &failure) && failure.Final():
		log.Error("Importing nothing", "code", string(failure.Code), "detail", failure.Detail)
		return fmt.Errorf("%w: %w", errFinal, err)
	case err != nil:
		return err
	case result.Repeated:
		log.Info("Leaving the roster alone: this run succeeded before")
		return nil
	}
	log.Info("Importing done", "rows", result.Rows, "inserted", result.Inserted, "updated", result.Updated,
		"unchanged", result.Unchanged, "quarantined", result.Quarantined, "tombstoned", result.Tombstoned)
	return nil
}

// rosterJob reads what the operator mounted. A missing file may be a mount that is late; what is wrong in itself
// is final.
func rosterJob(ctx context.Context, paths rosterPaths) (roster.Job, error) {
	run := os.Getenv(settings.EnvRunName)
	if run == "" {
		return roster.Job{}, fmt.Errorf("%w: %s is not set", errFinal, settings.EnvRunName)
	}
	network, err := settings.Load[settings.Network](filepath.Join(paths.network, settings.NetworkFile))
	if err != nil {
		return roster.Job{}, err
	}
	if network.Roster == nil {
		return roster.Job{}, fmt.Errorf("%w: the network has no roster", errFinal)
	}
	zone, err := time.LoadLocation(network.TimeZone)
	if err != nil {
		return roster.Job{}, fmt.Errorf("%w: the network's time zone is not known", errFinal)
	}
	pepper, err := os.ReadFile(filepath.Join(paths.pepper, settings.PepperFile))
	if err != nil {
		return roster.Job{}, fmt.Errorf("read the pepper: %w", err)
	}
	source, format, err := rosterFile(network, paths)
	if err != nil {
		return roster.Job{}, err
	}
	format.DefaultLocale, format.Today = network.DefaultLocale, roster.Today(time.Now(), zone)
	pool, err := dbconn.Open(ctx, paths.database, dbconn.Options{MaxConns: 2, ApplicationName: "worker roster"})
	if err != nil {
		return roster.Job{}, err
	}
	return roster.Job{Pool: pool, RunName: run, Zone: zone, Pepper: pepper, Source: source, Format: format}, nil
}

// rosterFile says where the roster is and how it is to be read.
func rosterFile(network settings.Network, paths rosterPaths) (roster.Source, roster.Format, error) {
	r := network.Roster
	if network.Trial() != (r.Invented > 0) {
		return roster.Source{}, roster.Format{}, fmt.Errorf("%w: a trial has invented people, and no other network has", errFinal)
	}
	if r.Invented > 0 {
		source, columns := invented(r.Invented, network.DefaultLocale)
		return source, roster.Format{Encoding: people.UTF8, Columns: columns}, nil
	}
	return roster.Source{Path: r.Path, Volume: paths.volume, URL: r.URL, SecretDir: paths.secret},
		roster.Format{Encoding: r.Encoding, Columns: r.Columns}, nil
}

// peakMemory is the most memory that this process ever had resident, in KiB, or 0 where the kernel does not tell.
func peakMemory() int64 {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer func() { _ = status.Close() }()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), "VmHWM:"); found {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				return 0
			}
			return n
		}
	}
	return 0
}
