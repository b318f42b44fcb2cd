// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/alumni-operator/alumni-operator/internal/retention/audit"
	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/retention/catalogue"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/tombstone"
	"github.com/alumni-operator/alumni-operator/internal/tombstone/pepper"
)

// ErasureReplay is the rule under which people are counted whom a replay erases.
const ErasureReplay = "ErasureReplay"

// ErrPepper tells that the tombstones of the store or of the ledger were made under another pepper: nobody could be
// recognised.
var ErrPepper = errors.New(FailurePepper)

// Replay erases again, in a store that was restored from a backup, whoever was erased after that backup was made. It needs a
// role that owns the tables, for no other may connect yet.
type Replay struct {
	RunName string
	Keys    *tombstone.Keyer
	// Erased are the tombstones of the erasure ledger, by key.
	Erased map[[keyLength]byte]tombstone.Kind
	Log    *slog.Logger
	Limits Limits
}

// Run brings the replay to its end, from wherever an earlier start has come to, and returns how many people it erased in
// all. The caller keeps others out.
func (r Replay) Run(ctx context.Context, pool *pgxpool.Pool) (int64, error) {
	job := Job{
		RunName: r.RunName, Keys: r.Keys, Log: r.Log, Limits: r.Limits.withDefaults(), erased: r.Erased,
		Policy: settings.Retention{Mode: ModeEnforce, TimeZone: "UTC", BatchMembers: defaultBatchMembers},
	}
	if err := pepper.Check(ctx, pool, r.Keys); errors.Is(err, pepper.ErrOther) {
		return 0, ErrPepper
	} else if err != nil {
		return 0, err
	}
	if err := catalogue.Check(ctx, pool); err != nil {
		return 0, err
	}
	book := &journal{pool: pool, job: job}
	if err := book.open(ctx); err != nil {
		return 0, err
	}
	if book.run.state != StateReplayed {
		compiled, err := plan.Compile(job.Policy, book.run.asOf)
		if err != nil {
			return 0, err
		}
		source := &replaySource{plan: compiled, keys: r.Keys, erased: r.Erased}
		e := &Executor{
			planner: &Planner{pool: pool, keys: r.Keys, source: source},
			book:    book, log: r.Log.With("run", r.RunName), pace: newPacer(job.Policy.BatchMembers, job.Limits),
		}
		if err := e.replay(ctx, source); err != nil {
			return 0, err
		}
	}
	so, err := book.counts(ctx, pool)
	return so.total(outcomeErased).Members, err
}

// replay erases, and does not end before nothing of anybody is found any more.
func (e *Executor) replay(ctx context.Context, source *replaySource) error {
	due, err := e.begin(ctx, "")
	if err != nil {
		return err
	}
	left, err := e.rounds(ctx, due)
	if err != nil {
		return err
	}
	if err := e.book.state(ctx, StateVerifying); err != nil {
		return err
	}
	checks, err := e.verify(ctx, left)
	if err != nil {
		return err
	}
	if !checks.Clean() || len(e.aside) > 0 {
		e.log.Error("Finding the replay incomplete", "dueLeft", checks.DueLeft, "tombstones", checks.Tombstones,
			"tombstonesWant", checks.TombstonesWant, "erasedKeysFound", checks.ErasedKeysFound, "setAside", len(e.aside))
		return fmt.Errorf("replay the erasure ledger: %w", errResidue)
	}
	return e.endReplay(ctx, source, checks)
}

// endReplay leaves the tombstones of those who were not in the backup at all, hides those who are on hold until they can be erased, and
// writes the last link of the chain.
func (e *Executor) endReplay(ctx context.Context, source *replaySource, checks audit.Checks) error {
	keys, kinds := make([][]byte, 0, len(source.erased)), make([]string, 0, len(source.erased))
	for key, kind := range source.erased {
		keys, kinds = append(keys, key[:]), append(kinds, string(kind))
	}
	return e.fenced(ctx, func(tx pgx.Tx) error {
		today := calendar.DateOf(e.book.run.asOf, e.planner.source.compiled().Zone)
		if _, err := tx.Exec(ctx, sqlTombstonesKept, keys, kinds, e.book.run.id, today.UTC()); err != nil {
			return fmt.Errorf("keep the tombstones of the ledger: %w", err)
		}
		if _, err := tx.Exec(ctx, sqlLegalReplay, arrayOf(source.held)); err != nil {
			return fmt.Errorf("hide people on hold: %w", err)
		}
		so, err := e.book.counts(ctx, tx)
		if err != nil {
			return err
		}
		body := e.book.body()
		body.PlanHash, body.Outcome, body.Checks = e.book.run.planHash, outcomesOf(so), &checks
		_, now, err := appendChain(ctx, tx, e.book.run.id, audit.RunFinished, body)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sqlRunReplayed, e.book.run.id, e.book.run.epoch, now); err != nil {
			return fmt.Errorf("end the replay: %w", err)
		}
		return nil
	})
}

// replaySource finds members whose identifier the erasure ledger names. Their numbers and addresses are not compared: these
// may be somebody else's by now.
type replaySource struct {
	plan   *plan.Plan
	keys   *tombstone.Keyer
	erased map[[keyLength]byte]tombstone.Kind
	held   []uuid.UUID // named by the ledger and on hold, when due was last called
}

func (s *replaySource) compiled() *plan.Plan     { return s.plan }
func (*replaySource) rules() []string            { return []string{ErasureReplay} }
func (*replaySource) logRule() (plan.Rule, bool) { return plan.Rule{}, false }

func (s *replaySource) names(id uuid.UUID) bool {
	return s.erased[s.keys.Key(tombstone.Member, id.String())] == tombstone.Member
}

func (s *replaySource) due(ctx context.Context, q querier, each func(uuid.UUID, plan.Decision)) error {
	rows, err := q.Query(ctx, sqlEveryMember)
	if err != nil {
		return fmt.Errorf("read members: %w", err)
	}
	s.held = nil
	var f memberFacts
	_, err = pgx.ForEachRow(rows, []any{&f.id, &f.hold}, func() error {
		if !s.names(f.id) {
			return nil
		}
		d := s.plan.Law(f.facts())
		if d.Rule = ErasureReplay; !d.Due() {
			s.held = append(s.held, f.id)
		}
		each(f.id, d)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read members: %w", err)
	}
	return nil
}

func (s *replaySource) recheck(ctx context.Context, tx pgx.Tx, locked []lockedMember) ([]person, error) {
	people := newRecheck(locked)
	ask := &pgx.Batch{}
	ask.Queue(sqlAddresses, idsOf(locked)).Query(people.readAddresses)
	people.askHolds(ask)
	if err := tx.SendBatch(ctx, ask).Close(); err != nil {
		return nil, fmt.Errorf("read addresses and holds: %w", err)
	}
	return people.keep(func(m lockedMember) bool { return s.names(m.id) && s.plan.Law(m.facts).Due() }), nil
}
