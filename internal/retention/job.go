// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/erasures"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
	"github.com/alumni-operator/alumni-operator/internal/tombstone/pepper"
)

// The kinds of runs, as in the column alumni.retention_run.kind.
const (
	KindScheduled = "Scheduled" // by the rules of a policy
	KindRequests  = "Requests"  // people who left or asked
	KindReplay    = "Replay"    // people who were erased after the backup that the store was restored from
)

// The modes of runs, as in the column alumni.retention_run.mode.
const (
	ModeDryRun  = "DryRun"
	ModeEnforce = "Enforce"
)

// The states of runs, as in the column alumni.retention_run.state.
const (
	StatePlanned   = "Planned"
	StateExecuting = "Executing"
	StateVerifying = "Verifying"
	StateCertified = "Certified"
	StatePreviewed = "Previewed"
	StateReplayed  = "Replayed"
	StateFailed    = "Failed"
)

// ErasureRequest stands for a rule's name in the counts of what people asked for themselves.
const ErasureRequest = "ErasureRequest"

// The codes with which a run fails, as in the column alumni.retention_run.failure.
const (
	FailureCatalogue    = "CatalogueIncomplete" // followed by the names of what is not known
	FailurePolicy       = "PolicyInvalid"
	FailureChanged      = "PolicyChanged" // between two starts of one run, or its holds since it was told of them
	FailureClock        = "ClockJump"
	FailureVerification = "VerificationFailed"
	FailureChain        = "ChainBroken"
	FailureTooMany      = "TooManyFailures"
	FailurePepper       = pepper.Code         // the tombstones there were made under another pepper
	FailureLedger       = "LedgerUnavailable" // the erasure ledger cannot be written, so nothing is erased
)

// ErrFinal tells that another start of the same run cannot help. The run's row says why.
var ErrFinal = errors.New("the run has failed for good")

// ErrFenced tells that another process has taken the run over. Nothing of this process's unfinished work remains.
var ErrFenced = errors.New("another process has taken over the run")

// Job is one run over one network.
type Job struct {
	Network  string // UID of the AlumniNetwork
	RunName  string
	Policy   settings.Retention
	Requests bool               // what people asked for, instead of the rules
	Keys     *tombstone.Keyer   // of the network's pepper
	Signing  ed25519.PrivateKey // not needed for a dry run
	Log      *slog.Logger
	Limits   Limits
	// Holds are the legal holds that the policies declare, with whom they are about.
	Holds []Hold
	// Ledger notes outside the store who is erased, before it happens; nil when the network declares no place for it.
	Ledger *erasures.Ledger

	erased map[[keyLength]byte]tombstone.Kind // of a replay
}

// Limits bound waiting and working. The zero value of each means its default.
type Limits struct {
	LockTimeout      time.Duration // waiting for a row: 2 s
	StatementTimeout time.Duration // one statement: 30 s
	Slow             time.Duration // a longer transaction halves the batch: 1 s
	Quick            time.Duration // a shorter one lets it grow again: 300 ms
	Backoff          time.Duration // first wait before trying again: 50 ms, doubled each time
	Tries            int           // before a member is set aside: 5
	MaxFailures      int           // members set aside before the run stops: 100
	BusyWait         time.Duration // waiting for another run over this network to end: 5 min
	ReceiptWait      time.Duration // how long a receipt in the queue holds an erasure up: 10 min
	Unsettled        time.Duration // an intent without an outcome may be of a transaction under way: 15 min
	ClockJump        time.Duration // difference of clocks at which nothing is erased: 10 min
	Now              func() time.Time
}

func (l Limits) withDefaults() Limits {
	or := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	or(&l.LockTimeout, 2*time.Second)
	or(&l.StatementTimeout, 30*time.Second)
	or(&l.Slow, time.Second)
	or(&l.Quick, 300*time.Millisecond)
	or(&l.Backoff, 50*time.Millisecond)
	or(&l.BusyWait, 5*time.Minute)
	or(&l.ReceiptWait, 10*time.Minute)
	or(&l.Unsettled, 15*time.Minute)
	or(&l.ClockJump, 10*time.Minute)
	if l.Tries == 0 {
		l.Tries = 5
	}
	if l.MaxFailures == 0 {
		l.MaxFailures = 100
	}
	if l.Now == nil {
		l.Now = time.Now
	}
	return l
}

const defaultBatchMembers = 500

func (j Job) kind() string {
	switch {
	case j.erased != nil:
		return KindReplay
	case j.Requests:
		return KindRequests
	default:
		return KindScheduled
	}
}

// mode in which the run acts. A person's right is not a preview: requests are always done.
func (j Job) mode() string {
	if j.Requests {
		return ModeEnforce
	}
	return j.Policy.Mode
}

// validate refuses a job that could not be done, before anything is written.
func (j Job) validate() error {
	switch {
	case j.RunName == "":
		return fmt.Errorf("%w: the run has no name", ErrFinal)
	case j.Keys == nil:
		return fmt.Errorf("%w: there is no pepper", ErrFinal)
	case j.mode() != ModeDryRun && j.mode() != ModeEnforce:
		return fmt.Errorf("%w: mode %q is not known", ErrFinal, j.Policy.Mode)
	case j.mode() == ModeEnforce && len(j.Signing) != ed25519.PrivateKeySize:
		return fmt.Errorf("%w: there is no key to sign the certificate with", ErrFinal)
	}
	return nil
}

// Run does one run, from wherever an earlier start of it has come to. Nil means that the run is done, now or
// before.
func Run(ctx context.Context, pool *pgxpool.Pool, job Job) error {
	job.Limits = job.Limits.withDefaults()
	if job.Policy.BatchMembers <= 0 {
		job.Policy.BatchMembers = defaultBatchMembers
	}
	if err := job.validate(); err != nil {
		return err
	}
	held, err := acquire(ctx, pool, job.kind(), job.Limits.BusyWait)
	if err != nil {
		return err
	}
	defer held.release()
	return runHeld(held.ctx, pool, job)
}

// runHeld runs while no other run of its kind can.
func runHeld(ctx context.Context, pool *pgxpool.Pool, job Job) error {
	book := &journal{pool: pool, job: job}
	if err := book.open(ctx); err != nil {
		return err
	}
	log := job.Log.With("run", job.RunName, "runID", book.run.id)
	switch book.run.state {
	case StateCertified, StatePreviewed:
		log.Info("Leaving a run that is done", "state", book.run.state)
		return nil
	case StateFailed:
		return fmt.Errorf("%w: %s", ErrFinal, book.run.failure)
	}
	if err := syncHolds(ctx, pool, job); errors.Is(err, errToldLater) {
		return book.fail(ctx, FailureChanged, err)
	} else if err != nil {
		return err
	}
	if err := book.check(ctx); err != nil {
		return err
	}
	compiled, err := plan.Compile(job.Policy, book.run.asOf)
	if err != nil {
		return book.fail(ctx, FailurePolicy, err)
	}
	planner := &Planner{pool: pool, keys: job.Keys, source: newSource(job, compiled)}
	if job.mode() == ModeDryRun {
		return preview(ctx, planner, book)
	}
	executor := &Executor{planner: planner, book: book, log: log, pace: newPacer(job.Policy.BatchMembers, job.Limits)}
	err = executor.run(ctx)
	if stopped := (*ledgerError)(nil); errors.As(err, &stopped) {
		return errors.Join(err, book.note(ctx, FailureLedger))
	}
	return err
}
