// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/broadcast"
	"github.com/alumni-operator/alumni-operator/internal/campaign"
	"github.com/alumni-operator/alumni-operator/internal/capture"
	"github.com/alumni-operator/alumni-operator/internal/channel/line"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/mail"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// campaignFlags are the folders that the operator mounts, and the engine's tuning; others are for tests and for a
// look by hand.
type campaignFlags struct {
	database, network, campaign, tokenKey, email, dkim, destinations string
	line, lineURL                                                    string
	preview, testSend                                                bool
	testRecipients                                                   string
	tuning                                                           campaign.Tuning
}

// runCampaign sends one run of a campaign, or what is left of it; or counts how it would go.
func runCampaign(ctx context.Context, args []string, log *slog.Logger) error {
	f, err := parseCampaignFlags(args)
	if err != nil {
		return err
	}
	job, err := f.job(log)
	if err != nil {
		return err
	}
	options := dbconn.Options{MaxConns: campaign.Connections(job.Campaign), ApplicationName: "campaign"}
	if job.Network.Trial() {
		options.MaxConns += capture.Connections
	}
	pool, err := dbconn.Open(ctx, f.database, options)
	if err != nil {
		return err
	}
	defer pool.Close()
	if job.Campaign.Uses(settings.ChannelEmail) {
		if job.Mail, err = mail.LoadConfig(*job.Network.Email, mail.Folders{Login: f.email, DKIM: f.dkim}, capture.NewRecorder(pool)); err != nil {
			return err
		}
	}
	do := campaign.Run
	switch {
	case f.preview:
		do = campaign.Preview
	case f.testSend:
		do = f.sendTest
	}
	if err := do(ctx, pool, job); err != nil {
		if errors.Is(err, campaign.ErrFinal) {
			return fmt.Errorf("%w: %w", errFinal, err)
		}
		return err
	}
	return nil
}

// sendTest sends the texts to those whose addresses are mounted. A Secret that is missing is told like one that is empty.
func (f campaignFlags) sendTest(ctx context.Context, pool *pgxpool.Pool, job campaign.Job) error {
	list, err := os.ReadFile(filepath.Join(f.testRecipients, settings.TestRecipientsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the test recipients: %w", err)
	}
	return campaign.TestSend(ctx, pool, job, string(list))
}

func parseCampaignFlags(args []string) (campaignFlags, error) {
	var f campaignFlags
	set := flag.NewFlagSet("worker campaign", flag.ContinueOnError)
	set.StringVar(&f.database, "database-dir", settings.DatabaseDir, "folder with the login of the campaign role")
	set.StringVar(&f.network, "network-dir", settings.NetworkDir, "folder with "+settings.NetworkFile)
	set.StringVar(&f.campaign, "campaign-dir", settings.CampaignDir, "folder with "+settings.CampaignFile)
	set.StringVar(&f.tokenKey, "token-key-dir", settings.TokenKeyDir, "folder with "+settings.TokenKeyFile)
	set.StringVar(&f.email, "email-dir", settings.EmailDir, "folder with username and password of the mail server")
	set.StringVar(&f.dkim, "dkim-dir", settings.DKIMDir, "folder with the key that signs mails, if the network's settings say so")
	set.StringVar(&f.line, "line-dir", settings.LINEDir, "folder with "+settings.LINETokenFile+" of the network's LINE account")
	set.StringVar(&f.lineURL, "line-url", line.DefaultBaseURL, "where the Messaging API of LINE is")
	set.BoolVar(&f.preview, "preview", false, "count whom a run would write to and whom not, and send nothing")
	set.BoolVar(&f.testSend, "test-send", false, "send the texts to the test recipients, and to nobody else")
	set.StringVar(&f.testRecipients, "test-recipients-dir", settings.TestRecipientsDir, "folder with "+settings.TestRecipientsFile+" of the test recipients")
	set.StringVar(&f.destinations, "destinations-dir", settings.DestinationsDir, "folder with a folder for each destination of posts")
	set.DurationVar(&f.tuning.PostTimeout, "post-timeout", broadcast.Timeout, "how long a post may take in all")
	set.DurationVar(&f.tuning.Lease, "lease", 0, "how long a claim holds without being renewed (default 1m)")
	set.DurationVar(&f.tuning.BackoffBase, "backoff-base", 0, "delay of the first retry; the others grow with it (default 1m)")
	set.DurationVar(&f.tuning.DrainTimeout, "drain-timeout", 0, "how long messages on the wire may take after SIGTERM (default 9s)")
	if err := set.Parse(args); err != nil {
		return f, fmt.Errorf("%w: %w", errFinal, err)
	}
	if set.NArg() > 0 {
		return f, fmt.Errorf("%w: worker campaign knows no argument %q", errFinal, set.Arg(0))
	}
	return f, nil
}

// job reads everything that the run needs but the mail server. What is missing may come with the next start of the pod.
func (f campaignFlags) job(log *slog.Logger) (campaign.Job, error) {
	job := campaign.Job{RunName: os.Getenv(settings.EnvRunName), Tuning: f.tuning, Log: log}
	var err error
	if job.ScheduledAt, err = settings.ScheduledAt(os.Getenv(settings.EnvScheduledAt)); err != nil {
		return job, fmt.Errorf("%w: %w", errFinal, err)
	}
	if workers := os.Getenv(settings.EnvWorkers); workers != "" {
		if job.Workers, err = strconv.Atoi(workers); err != nil || job.Workers < 1 {
			return job, fmt.Errorf("%w: %s is %q, not a number of workers", errFinal, settings.EnvWorkers, workers)
		}
	}
	if paused := os.Getenv(settings.EnvResume); paused != "" {
		if job.Resume, err = time.Parse(time.RFC3339Nano, paused); err != nil {
			return job, fmt.Errorf("%w: read %s: %w", errFinal, settings.EnvResume, err)
		}
	}
	if job.Network, err = settings.Load[settings.Network](filepath.Join(f.network, settings.NetworkFile)); err != nil {
		return job, err
	}
	job.Campaign, err = settings.LoadFrozen[settings.Campaign](filepath.Join(f.campaign, settings.CampaignFile), os.Getenv(settings.EnvSettingsDigest))
	if errors.Is(err, settings.ErrChanged) {
		return job, fmt.Errorf("%w: %w", errFinal, err)
	}
	if err != nil {
		return job, err
	}
	if job.TokenKey, err = os.ReadFile(filepath.Join(f.tokenKey, settings.TokenKeyFile)); err != nil {
		return job, fmt.Errorf("read the token key: %w", err)
	}
	if job.Network.Email == nil && job.Campaign.Uses(settings.ChannelEmail) {
		return job, fmt.Errorf("%w: the network has no e-mail channel", errFinal)
	}
	return job, f.openOutside(&job)
}

// openOutside makes ready how the run reaches LINE, and where it posts to. A trial does neither, and is told of no destination.
func (f campaignFlags) openOutside(job *campaign.Job) error {
	uses := job.Campaign.Broadcasts()
	if len(uses) == 0 && !job.Campaign.Uses(settings.ChannelLINE) || job.Network.Trial() {
		return nil
	}
	allow, err := broadcast.ParseAllow(os.Getenv(settings.EnvEgressAllow))
	if err != nil {
		return fmt.Errorf("%w: read %s: %w", errFinal, settings.EnvEgressAllow, err)
	}
	client := broadcast.NewClient(allow, f.tuning.PostTimeout)
	job.Destinations = broadcast.Load(broadcast.Options{Client: client}, f.destinations, uses)
	job.LINE = func() (*line.Client, error) {
		token, err := line.ReadToken(f.line)
		if err != nil {
			return nil, err
		}
		return line.New(client, line.Options{Token: token, BaseURL: f.lineURL})
	}
	return nil
}
