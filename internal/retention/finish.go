// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/alumni-operator/alumni-operator/internal/retention/audit"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
)

// finish looks for what may be left, and ends the run with a certificate or, when something was found, without.
func (e *Executor) finish(ctx context.Context, digest string, left int64) error {
	if err := e.book.state(ctx, StateVerifying); err != nil {
		return err
	}
	var checks audit.Checks
	err := timed(&e.spent.verifying, func() (err error) {
		checks, err = e.verify(ctx, left)
		return err
	})
	if errors.Is(err, audit.ErrBroken) {
		return e.book.fail(ctx, FailureChain, err)
	}
	if err != nil {
		return err
	}
	if !checks.Clean() {
		e.log.Error("Finding the erasure incomplete", "dueLeft", checks.DueLeft, "tombstones", checks.Tombstones,
			"tombstonesWant", checks.TombstonesWant, "erasedKeysFound", checks.ErasedKeysFound)
		return e.book.fail(ctx, FailureVerification, nil)
	}
	if err := e.certify(ctx, digest, checks); err != nil {
		return err
	}
	return e.report(ctx)
}

// verify looks for what should not be there any more.
func (e *Executor) verify(ctx context.Context, left int64) (audit.Checks, error) {
	checks := audit.Checks{DueLeft: left}
	so, err := e.book.counts(ctx, e.planner.pool)
	if err != nil {
		return checks, err
	}
	checks.TombstonesWant = so.total(outcomeErased).Members
	if err := e.planner.pool.QueryRow(ctx, sqlVerifyTombstones, e.book.run.id).Scan(&checks.Tombstones); err != nil {
		return checks, fmt.Errorf("count tombstones: %w", err)
	}
	if checks.TombstonesWant > 0 {
		if checks.ErasedKeysFound, err = e.searchKeys(ctx); err != nil {
			return checks, err
		}
	}
	head, err := VerifyChain(ctx, e.planner.pool)
	checks.ChainVerified = head.Seq
	return checks, err
}

// certify ends the run: its last link of the chain, and the certificate that names it, in one transaction.
func (e *Executor) certify(ctx context.Context, digest string, checks audit.Checks) error {
	return e.fenced(ctx, func(tx pgx.Tx) error {
		so, err := e.book.counts(ctx, tx)
		if err != nil {
			return err
		}
		body := e.book.body()
		body.PlanHash, body.Outcome, body.Checks = e.book.run.planHash, outcomesOf(so), &checks
		record, now, err := appendChain(ctx, tx, e.book.run.id, audit.RunFinished, body)
		if err != nil {
			return err
		}
		signed, err := certificate.Sign(e.certificate(digest, so, checks, record.Head(), now), e.book.job.Signing)
		if err != nil {
			return err
		}
		last := &pgx.Batch{}
		last.Queue(sqlCertificateAdd, e.book.run.id, string(signed.Body), signed.Signature, signed.PublicKey)
		last.Queue(sqlRunCertify, e.book.run.id, e.book.run.epoch, now, e.halted)
		if err := tx.SendBatch(ctx, last).Close(); err != nil {
			return fmt.Errorf("keep the certificate: %w", err)
		}
		return nil
	})
}

// outcomesOf lists counts in a fixed order.
func outcomesOf(so counts) []audit.Count {
	var all []audit.Count
	for of, by := range so {
		for what, total := range by {
			all = append(all, audit.Count{Rule: of.rule, Category: of.category, Outcome: string(what),
				Members: total.Members, Rows: total.Rows})
		}
	}
	slices.SortFunc(all, func(a, b audit.Count) int {
		return strings.Compare(a.Rule+"\x00"+a.Category+"\x00"+a.Outcome, b.Rule+"\x00"+b.Category+"\x00"+b.Outcome)
	})
	return all
}

// certificate says what the run did.
func (e *Executor) certificate(digest string, so counts, checks audit.Checks, head audit.Head, now time.Time) certificate.Certificate {
	job, run, compiled := e.book.job, e.book.run, e.planner.source.compiled()
	c := certificate.Certificate{
		Format:  certificate.Format,
		Network: job.Network,
		Policy: certificate.Policy{UID: run.policyUID, Name: job.Policy.Policy, Generation: run.generation, Digest: digest,
			TimeZone: compiled.Zone.String()},
		Run: certificate.Run{Name: job.RunName, Kind: run.kind, AsOf: stamp(run.asOf), StartedAt: stamp(run.startedAt),
			FinishedAt: stamp(now), PlanHash: run.planHash, Starts: run.epoch},
		Rules:  []certificate.Rule{},
		Erased: so.total(outcomeErased), Changed: so.total(outcomeChanged), Failed: so.total(outcomeFailed),
		Checks:       checks,
		Chain:        certificate.Chain{Head: head.Hash.String(), Length: head.Seq},
		Sanitisation: certificate.Logical(),
	}
	if job.Requests {
		c.Rules = append(c.Rules, ruleOf(so, certificate.Rule{Name: ErasureRequest, Category: plan.Profile, Action: plan.ActionDelete, Withheld: e.withheld[ErasureRequest]}))
		return c
	}
	for _, r := range slices.Concat(compiled.Profile, compiled.Logs) {
		c.Rules = append(c.Rules, ruleOf(so, certificate.Rule{Name: r.Name, Withheld: e.withheld[r.Name], Category: r.Category, Since: r.Since, After: r.After,
			Cutoff: r.Cutoff.String(), Action: r.Action, LegalBasis: r.LegalBasis, IfMissing: r.IfMissing}))
	}
	return c
}

// ruleOf fills in what a rule found and did.
func ruleOf(so counts, r certificate.Rule) certificate.Rule {
	by := so.of(subjectOf{r.Name, r.Category})
	r.Due, r.Erased, r.Changed, r.Failed = by[outcomeDue], by[outcomeErased], by[outcomeChanged], by[outcomeFailed]
	return r
}

// report tells in the log how the run ended, and who still waits.
func (e *Executor) report(ctx context.Context) error {
	so, err := e.book.counts(ctx, e.planner.pool)
	if err != nil {
		return err
	}
	erased := so.total(outcomeErased)
	attributes := []any{"erasedMembers", erased.Members, "erasedRows", erased.Rows, "changed", so.total(outcomeChanged).Members,
		"failed", so.total(outcomeFailed).Members, "withheld", so.total(outcomeWithheld).Members, "longestTransactionMilliseconds", e.longest.Milliseconds(),
		"planningMilliseconds", e.spent.planning.Milliseconds(), "erasingMilliseconds", e.spent.erasing.Milliseconds(),
		"verifyingMilliseconds", e.spent.verifying.Milliseconds()}
	if requests, ok := e.planner.source.(*requestSource); ok {
		var open int64
		if err := e.planner.pool.QueryRow(ctx, sqlRequestsOpen).Scan(&open); err != nil {
			return fmt.Errorf("count open requests: %w", err)
		}
		attributes = append(attributes, "stillOpen", open, "waitingForReceipt", requests.waiting)
	}
	e.log.Info("Certified", attributes...)
	return nil
}
