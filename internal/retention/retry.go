// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
)

// SQLSTATEs that are looked at one by one.
const (
	stateDeadlock      = "40P01"
	stateSerialisation = "40001"
	stateLockTimeout   = "55P03"
	stateCancelled     = "57014" // by statement_timeout
)

// codeResidue marks a member of whom something was left after all tables were emptied.
const codeResidue = "Residue"

// errResidue tells that a table still had rows of a member after they were deleted.
var errResidue = errors.New("rows of a member were left")

// verdict says what to do about an error in a batch.
type verdict int

const (
	verdictStop  verdict = iota // the run cannot go on: it is not about these members
	verdictAgain                // the same may well succeed
	verdictSplit                // something about these members, or too many of them
)

// judge reads an error. What cannot be blamed on members stops the run; another start goes on from there.
func judge(err error) verdict {
	if errors.Is(err, errResidue) {
		return verdictSplit
	}
	var pgErr *pgconn.PgError
	if errors.Is(err, ErrFenced) || !errors.As(err, &pgErr) {
		return verdictStop
	}
	switch pgErr.Code {
	case stateDeadlock, stateSerialisation, stateLockTimeout:
		return verdictAgain
	case stateCancelled:
		return verdictSplit
	}
	switch pgErr.Code[:2] {
	case "08", "25", "28", "3D", "42", "53", "57", "58", "F0", "XX": // connection, rights, schema, resources, server
		return verdictStop
	}
	return verdictSplit
}

// codeOf is what is kept of an error: never its text, which may quote a row.
func codeOf(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return codeResidue
}

// safe takes the server's own words out of an error: a message or detail of PostgreSQL may quote the row that it
// is about.
func safe(err error) error {
	var pgErr *pgconn.PgError
	if err == nil || !errors.As(err, &pgErr) {
		return err
	}
	return &stateError{code: pgErr.Code, cause: pgErr}
}

// stateError shows the SQLSTATE of an error, and keeps the error itself for errors.As.
type stateError struct {
	code  string
	cause error
}

func (e *stateError) Error() string { return "the database answered with SQLSTATE " + e.code }
func (e *stateError) Unwrap() error { return e.cause }

// task is a batch: members who are due by one rule.
type task struct {
	rule string
	ids  []uuid.UUID
	wait bool // for those whom somebody holds; else they are passed by
}

// attempt erases a batch, trying again, in smaller batches, and at last without those who cannot be erased. It
// returns the members it passed by.
func (e *Executor) attempt(ctx context.Context, t task) ([]uuid.UUID, error) {
	const triesWhole = 2 // before a batch is split: after that, smaller ones meet fewer others
	for try := 1; ; try++ {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		started := time.Now()
		passedBy, err := e.batch(ctx, t)
		if err == nil {
			e.observe(t, time.Since(started))
			return passedBy, nil
		}
		whatNow := judge(err)
		switch {
		case whatNow == verdictStop:
			return nil, safe(err)
		case len(t.ids) > 1 && (whatNow == verdictSplit || try >= triesWhole):
			e.pace.halve()
			return e.halves(ctx, t)
		case len(t.ids) == 1 && try >= e.book.job.Limits.Tries:
			return nil, e.setAside(ctx, t, codeOf(err), try)
		}
		if err := sleep(ctx, backoff(e.book.job.Limits.Backoff, try)); err != nil {
			return nil, err
		}
	}
}

// backoff doubles with each try, with jitter so that two who met do not meet again.
func backoff(first time.Duration, try int) time.Duration {
	d := first << min(try-1, 6)
	return d/2 + rand.N(d) //nolint:gosec // jitter is no secret
}

func (e *Executor) halves(ctx context.Context, t task) ([]uuid.UUID, error) {
	middle := len(t.ids) / 2
	var passedBy []uuid.UUID
	for _, ids := range [][]uuid.UUID{t.ids[:middle], t.ids[middle:]} {
		half := t
		half.ids = ids
		more, err := e.attempt(ctx, half)
		if err != nil {
			return nil, err
		}
		passedBy = append(passedBy, more...)
	}
	return passedBy, nil
}

// setAside notes a member who could not be erased, so that the others can be.
func (e *Executor) setAside(ctx context.Context, t task, code string, tries int) error {
	id := t.ids[0]
	err := e.fenced(ctx, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		batch.Queue(sqlFailureAdd, e.book.run.id, id, code, tries)
		batch.Queue(sqlCountAdd, e.book.run.id, t.rule, plan.Profile, outcomeFailed, 1, 0)
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return fmt.Errorf("set a member aside: %w", safe(err))
	}
	e.aside[id] = true
	e.log.Error("Setting a member aside who could not be erased", "member", id, "code", code, "tries", tries)
	if len(e.aside) > e.book.job.Limits.MaxFailures {
		return e.book.fail(ctx, FailureTooMany, nil)
	}
	return nil
}

// observe lets the size of batches follow the time that they take.
func (e *Executor) observe(t task, took time.Duration) {
	e.longest = max(e.longest, took)
	e.pace.observe(len(t.ids), took)
}
