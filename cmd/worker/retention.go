// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path"
	"path/filepath"

	"github.com/alumni-operator/alumni-operator/internal/backup"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/erasures"
	"github.com/alumni-operator/alumni-operator/internal/retention"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
)

// retentionConnections is enough for the run's lock, its transactions, and its looking around.
const retentionConnections = 4

// retentionFlags are the folders that the operator mounts; others are for tests and for a look by hand.
type retentionFlags struct {
	requests                                   bool
	database, network, policy, pepper, signing string
	ledgerSecret, ledgerVolume                 string
}

// runRetention erases what is due, or what people asked for, or checks a certificate.
func runRetention(ctx context.Context, args []string, log *slog.Logger) error {
	if len(args) > 0 && args[0] == "verify" {
		return verifyCertificate(args[1:], os.Stdout)
	}
	f, err := parseRetentionFlags(args)
	if err != nil {
		return err
	}
	job, err := f.job(log)
	if err != nil {
		return err
	}
	pool, err := dbconn.Open(ctx, f.database, dbconn.Options{MaxConns: retentionConnections, ApplicationName: "retention"})
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := retention.Run(ctx, pool, job); err != nil {
		if errors.Is(err, retention.ErrFinal) {
			return fmt.Errorf("%w: %w", errFinal, err)
		}
		return err
	}
	return nil
}

func parseRetentionFlags(args []string) (retentionFlags, error) {
	var f retentionFlags
	set := flag.NewFlagSet("worker retention", flag.ContinueOnError)
	set.BoolVar(&f.requests, "requests", false, "erase members who left and wait for it, instead of working by the rules")
	set.StringVar(&f.database, "database-dir", settings.DatabaseDir, "folder with the login of the retention role")
	set.StringVar(&f.network, "network-dir", settings.NetworkDir, "folder with "+settings.NetworkFile)
	set.StringVar(&f.policy, "policy-dir", settings.RetentionDir, "folder with "+settings.RetentionFile)
	set.StringVar(&f.pepper, "pepper-dir", settings.PepperDir, "folder with "+settings.PepperFile)
	set.StringVar(&f.signing, "signing-dir", settings.SigningDir, "folder with "+settings.SigningKeyFile)
	set.StringVar(&f.ledgerSecret, "ledger-secret-dir", settings.BackupSecretDir, "folder with what opens the bucket of the erasure ledger")
	set.StringVar(&f.ledgerVolume, "ledger-volume-dir", settings.BackupVolumeDir, "folder where the volume of the erasure ledger is mounted")
	if err := set.Parse(args); err != nil {
		return f, fmt.Errorf("%w: %w", errFinal, err)
	}
	if set.NArg() > 0 {
		return f, fmt.Errorf("%w: worker retention knows no argument %q", errFinal, set.Arg(0))
	}
	return f, nil
}

// job reads everything that the run needs. What is missing may come with the next start of the pod.
func (f retentionFlags) job(log *slog.Logger) (retention.Job, error) {
	job := retention.Job{RunName: os.Getenv(settings.EnvRunName), Requests: f.requests, Log: log}
	network, err := settings.Load[settings.Network](filepath.Join(f.network, settings.NetworkFile))
	if err != nil {
		return job, err
	}
	job.Network = network.UID
	job.Policy, err = settings.LoadFrozen[settings.Retention](filepath.Join(f.policy, settings.RetentionFile), os.Getenv(settings.EnvSettingsDigest))
	if errors.Is(err, settings.ErrChanged) {
		return job, fmt.Errorf("%w: %w", errFinal, err)
	}
	if err != nil {
		return job, err
	}
	pepper, err := os.ReadFile(filepath.Join(f.pepper, settings.PepperFile))
	if err != nil {
		return job, fmt.Errorf("read the pepper: %w", err)
	}
	if job.Keys, err = tombstone.New(pepper); err != nil {
		return job, err
	}
	if job.Policy.Mode == retention.ModeDryRun && !f.requests {
		return job, nil // a preview signs nothing and need not have the key
	}
	job.Ledger = f.ledger(job.Policy.Ledger)
	key, err := os.ReadFile(filepath.Join(f.signing, settings.SigningKeyFile))
	if err != nil {
		return job, fmt.Errorf("read the signing key: %w", err)
	}
	job.Signing, err = certificate.ParsePrivateKey(key)
	return job, err
}

// ledger opens the erasure ledger; nil when the network has no place for one. What cannot be opened is told by the run, which
// then says so in the store and erases nobody.
func (f retentionFlags) ledger(told *settings.Ledger) *erasures.Ledger {
	if told == nil {
		return nil
	}
	paths := backupPaths{secret: f.ledgerSecret, volume: f.ledgerVolume}
	destination, err := paths.destination(settings.Backup{
		Folder: path.Join(told.Folder, erasures.Folder), Path: told.Path, Bucket: told.Bucket,
	})
	if err != nil {
		destination = backup.Closed(err)
	}
	return &erasures.Ledger{Destination: destination, Network: backup.Network{
		Cluster: told.Cluster, Namespace: told.Namespace, Name: told.Name, UID: told.NetworkUID,
	}}
}

// verifyCertificate checks the signature of a certificate and prints it.
func verifyCertificate(args []string, out io.Writer) error {
	set := flag.NewFlagSet("worker retention verify", flag.ContinueOnError)
	file := set.String("certificate", "", "JSON file with certificate, signature and publicKey, each in base64")
	trusted := set.String("public-key", "", "PEM file with the key that must have signed it; without, any key will do")
	if err := set.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errFinal, err)
	}
	if *file == "" || set.NArg() > 0 {
		return fmt.Errorf("%w: usage: worker retention verify --certificate FILE [--public-key FILE]", errFinal)
	}
	text, err := os.ReadFile(*file)
	if err != nil {
		return fmt.Errorf("%w: read the certificate: %w", errFinal, err)
	}
	signed, err := certificate.Decode(text)
	if err != nil {
		return fmt.Errorf("%w: %w", errFinal, err)
	}
	key, err := trustedKey(*trusted)
	if err != nil {
		return fmt.Errorf("%w: %w", errFinal, err)
	}
	c, err := signed.Verify(key)
	if err != nil {
		return fmt.Errorf("%w: %w", errFinal, err)
	}
	return printCertificate(out, c, signed, key != nil)
}

func trustedKey(path string) (ed25519.PublicKey, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the public key: %w", err)
	}
	return certificate.ParsePublicKey(text)
}

// printCertificate writes what a person wants to know first, and then what the certificate does not prove.
func printCertificate(out io.Writer, c certificate.Certificate, signed certificate.Signed, trusted bool) error {
	var b bytes.Buffer
	p := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	p("The signature is good.")
	p("  signed by   key %s", signed.Fingerprint())
	if !trusted {
		p("              (compare it with the operator's key, or give that with --public-key)")
	}
	p("Network       %s", c.Network)
	p("Policy        %s (generation %d, digest %s)", c.Policy.Name, c.Policy.Generation, c.Policy.Digest)
	p("Run           %s (%s), as of %s, finished %s", c.Run.Name, c.Run.Kind, c.Run.AsOf, c.Run.FinishedAt)
	p("Plan          %s", c.Run.PlanHash)
	for _, r := range c.Rules {
		p("Rule          %s: %s %s", r.Name, r.Action, r.Category)
		if r.Since != "" {
			p("              %s after %s, up to and on %s", r.After, r.Since, r.Cutoff)
		}
		if r.LegalBasis != "" {
			p("              legal basis: %s", r.LegalBasis)
		}
		p("              due %s; erased %s; changed %s; failed %s", total(r.Due), total(r.Erased), total(r.Changed), total(r.Failed))
	}
	p("In all        erased %s; changed %s; failed %s", total(c.Erased), total(c.Changed), total(c.Failed))
	p("Checks        due left %d, tombstones %d of %d, erased keys found %d, audit records verified %d",
		c.Checks.DueLeft, c.Checks.Tombstones, c.Checks.TombstonesWant, c.Checks.ErasedKeysFound, c.Checks.ChainVerified)
	p("Audit chain   %d records, head %s", c.Chain.Length, c.Chain.Head)
	p("Level         %s: %s", c.Sanitisation.Level, c.Sanitisation.Meaning)
	for _, s := range c.Sanitisation.DoesNotCover {
		p("  not covered: %s", s)
	}
	if _, err := b.WriteTo(out); err != nil {
		return fmt.Errorf("print the certificate: %w", err)
	}
	return nil
}

func total(t certificate.Total) string { return fmt.Sprintf("%d people, %d rows", t.Members, t.Rows) }
