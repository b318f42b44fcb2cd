// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/retention/calendar"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
)

// source says who is due and why: by the rules of a policy, or because people asked.
type source interface {
	// due calls for each member who is due, in the order of ids, with the rule's name and whatever keeps them nevertheless.
	due(ctx context.Context, q querier, each func(id uuid.UUID, d plan.Decision)) error
	// recheck reads what belongs to locked members anew and returns those who are still due.
	recheck(ctx context.Context, tx pgx.Tx, locked []lockedMember) ([]person, error)
	// rules are the names under which members are counted, in a fixed order.
	rules() []string
	// logRule is the rule for log rows, if there is one.
	logRule() (plan.Rule, bool)
	// plan is the policy at the run's instant.
	compiled() *plan.Plan
}

func newSource(job Job, p *plan.Plan) source {
	if job.Requests {
		return &requestSource{plan: p, receiptWait: job.Limits.ReceiptWait}
	}
	return &policySource{plan: p, receiptWait: job.Limits.ReceiptWait}
}

// policySource finds members by the rules of a policy.
type policySource struct {
	plan        *plan.Plan
	receiptWait time.Duration
}

func (s *policySource) compiled() *plan.Plan { return s.plan }

// logRule is the rule for log rows, held back by what must be kept of them.
func (s *policySource) logRule() (plan.Rule, bool) {
	rule, found := s.plan.LogRule()
	if keep, kept := s.plan.LogKeep(); found && kept && keep.Cutoff < rule.Cutoff {
		rule.Cutoff, rule.Before = keep.Cutoff, keep.Before
	}
	return rule, found
}

func (s *policySource) rules() []string {
	names := make([]string, 0, len(s.plan.Profile))
	for _, r := range s.plan.Profile {
		names = append(names, r.Name)
	}
	return names
}

func (s *policySource) due(ctx context.Context, q querier, each func(uuid.UUID, plan.Decision)) error {
	if len(s.plan.Profile) == 0 {
		return nil
	}
	limits := s.plan.Limits()
	var leftOn *time.Time
	if limits.LeftOn != nil {
		date := limits.LeftOn.UTC()
		leftOn = &date
	}
	rows, err := q.Query(ctx, sqlDueMembers, leftOn, limits.LastActivity, limits.WithdrawnAt, s.receiptWait.Seconds(), s.plan.KeepsLogs(), limits.Known,
		limits.Created, limits.ConsentEnded)
	if err != nil {
		return fmt.Errorf("look for members who are due: %w", err)
	}
	var f memberFacts
	_, err = pgx.ForEachRow(rows, f.targets(), func() error {
		if d, concerned := s.plan.Decide(f.facts()); concerned {
			each(f.id, d)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for members who are due: %w", err)
	}
	return nil
}

func (s *policySource) recheck(ctx context.Context, tx pgx.Tx, locked []lockedMember) ([]person, error) {
	ids := idsOf(locked)
	people := newRecheck(locked)
	waits := map[uuid.UUID]bool{}
	ask := &pgx.Batch{}
	ask.Queue(sqlLockEmployment, ids).Query(people.readEmployments)
	ask.Queue(sqlAddresses, ids).Query(people.readAddresses)
	ask.Queue(sqlReceiptsWaiting, ids, s.receiptWait.Seconds()).Query(readSet(waits))
	people.askLogs(ask, s.plan)
	people.askConsents(ask, s.plan)
	people.askHolds(ask)
	if err := tx.SendBatch(ctx, ask).Close(); err != nil {
		return nil, fmt.Errorf("check members again: %w", err)
	}
	return people.keep(func(m lockedMember) bool {
		d, concerned := s.plan.Decide(m.facts)
		return concerned && d.Due() && !waits[m.id]
	}), nil
}

// memberFacts are the columns that both statements of a policy begin with.
type memberFacts struct {
	id                        uuid.UUID
	state                     string
	leftOn                    *time.Time
	employed                  bool
	lastActivity, withdrawnAt *time.Time
	createdAt, lastLog, ended *time.Time
	hold                      *string
}

func (f *memberFacts) targets() []any {
	return []any{&f.id, &f.state, &f.leftOn, &f.employed, &f.lastActivity, &f.withdrawnAt, &f.createdAt, &f.lastLog, &f.ended, &f.hold}
}

func (f *memberFacts) facts() plan.Facts {
	facts := plan.Facts{State: f.state, Employed: f.employed, LastActivity: f.lastActivity, WithdrawnAt: f.withdrawnAt,
		CreatedAt: f.createdAt, LastLog: f.lastLog, ConsentEnded: f.ended}
	if f.leftOn != nil {
		date := calendar.DateOf(*f.leftOn, time.UTC)
		facts.LeftOn = &date
	}
	if f.hold != nil {
		facts.Hold = *f.hold
	}
	return facts
}

// requestSource finds members who left and wait to be erased.
type requestSource struct {
	plan        *plan.Plan
	receiptWait time.Duration
	waiting     int64 // for their receipt to be mailed, when due was last called
}

func (s *requestSource) compiled() *plan.Plan     { return s.plan }
func (*requestSource) rules() []string            { return []string{ErasureRequest} }
func (*requestSource) logRule() (plan.Rule, bool) { return plan.Rule{}, false }

func (s *requestSource) due(ctx context.Context, q querier, each func(uuid.UUID, plan.Decision)) error {
	rows, err := q.Query(ctx, sqlDueRequests, s.receiptWait.Seconds(), s.plan.KeepsLogs())
	if err != nil {
		return fmt.Errorf("look for open requests: %w", err)
	}
	s.waiting = 0
	var waits bool
	var f memberFacts
	_, err = pgx.ForEachRow(rows, []any{&f.id, &waits, &f.createdAt, &f.lastLog, &f.hold}, func() error {
		if waits {
			s.waiting++
			return nil
		}
		d := s.plan.Law(f.facts())
		d.Rule = ErasureRequest
		each(f.id, d)
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for open requests: %w", err)
	}
	return nil
}

func (s *requestSource) recheck(ctx context.Context, tx pgx.Tx, locked []lockedMember) ([]person, error) {
	ids := idsOf(locked)
	people := newRecheck(locked)
	asked := map[uuid.UUID]bool{}
	ask := &pgx.Batch{}
	ask.Queue(sqlRequestsAmong, ids).Query(readSet(asked))
	ask.Queue(sqlAddresses, ids).Query(people.readAddresses)
	people.askLogs(ask, s.plan)
	people.askHolds(ask)
	if err := tx.SendBatch(ctx, ask).Close(); err != nil {
		return nil, fmt.Errorf("check requests again: %w", err)
	}
	return people.keep(func(m lockedMember) bool {
		return asked[m.id] && m.facts.State == stateWithdrawn && s.plan.Law(m.facts).Due()
	}), nil
}

// stateWithdrawn is the state of members who have left the network.
const stateWithdrawn = "Withdrawn"
