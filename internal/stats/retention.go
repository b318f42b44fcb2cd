// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/jackc/pgx/v5"
)

// Retention is what a policy's status says of one network.
type Retention struct {
	// Runs of the policy, newest first.
	Runs []RetentionRun
	// Erased is the number of people erased from this network so far, by any policy or request.
	Erased  int64
	Erasure Erasure
	Chain   Chain
	// Holds are the legal holds that are on, of all policies, by name.
	Holds []Hold
}

// Hold is a legal hold that is on.
type Hold struct {
	Name          string // of policy and hold
	Categories    []string
	SecretVersion string // of the list that was read last
	// Members are kept; Unknown are of nobody in the store; Unlisted are not in the list any more and were not released.
	Members, Unknown, Unlisted int64
}

// RetentionRun is one run of a policy over one network.
type RetentionRun struct {
	ID         int64
	RunName    string
	Generation int64
	Kind       string // Scheduled or Requests
	Mode       string // DryRun or Enforce
	State      string // Planned, Executing, Verifying, Certified, Previewed or Failed
	Failure    string
	PlanHash   string
	AsOf       time.Time
	StartedAt  time.Time
	FinishedAt *time.Time

	// The sums of Counts by outcome.
	DueMembers, ErasedMembers, ChangedMembers, FailedMembers, WithheldMembers int64
	DueRows, ErasedRows                                                       int64
	// Counts by rule, category and outcome.
	Counts []RetentionCount
	// Failures counts people who could not be erased, by code.
	Failures map[string]int64
	// Certified tells that there is a signed certificate; see Reader.Certificate.
	Certified bool
}

// RetentionCount is one number of a run.
type RetentionCount struct {
	Rule, Category, Outcome string
	Members, Rows           int64
}

// Chain is the end of the audit chain.
type Chain struct {
	Length int64
	Head   string // SHA-256 in hex; empty when the chain is
}

// Certificate is the signed proof of one run.
type Certificate struct {
	Body                 []byte // canonical JSON
	Signature, PublicKey []byte
	CreatedAt            time.Time
}

// Retention reads the newest runs of a policy with their counts, the open erasures and the chain's end.
func (r *Reader) Retention(ctx context.Context, policyUID string, limit int) (Retention, error) {
	var (
		result  Retention
		members Members
		head    []byte
	)
	index := map[int64]int{}
	batch := &pgx.Batch{}
	batch.Queue(sqlRetentionRuns, policyUID, limit).Query(each(func(rows pgx.Rows) error {
		run := RetentionRun{Failures: map[string]int64{}}
		err := rows.Scan(&run.ID, &run.RunName, &run.Generation, &run.Kind, &run.Mode, &run.State, &run.Failure,
			&run.PlanHash, &run.AsOf, &run.StartedAt, &run.FinishedAt, &run.Certified)
		index[run.ID] = len(result.Runs)
		result.Runs = append(result.Runs, run)
		return err
	}))
	batch.Queue(sqlRetentionCounts, policyUID, limit).Query(each(func(rows pgx.Rows) error {
		var (
			id    int64
			count RetentionCount
		)
		err := rows.Scan(&id, &count.Rule, &count.Category, &count.Outcome, &count.Members, &count.Rows)
		if i, ok := index[id]; ok {
			result.Runs[i].add(count)
		}
		return err
	}))
	batch.Queue(sqlRetentionFailures, policyUID, limit).Query(each(func(rows pgx.Rows) error {
		var (
			id, people int64
			code       string
		)
		err := rows.Scan(&id, &code, &people)
		if i, ok := index[id]; ok {
			result.Runs[i].Failures[code] = people
		}
		return err
	}))
	batch.Queue(sqlErased).QueryRow(one(&members.Erased))
	queueErasure(batch, &result.Erasure)
	batch.Queue(sqlChain).QueryRow(one(&result.Chain.Length, &head))
	var hasHolds bool
	batch.Queue(sqlLegalHoldsKnown).QueryRow(one(&hasHolds))
	if err := r.send(ctx, "the policy's runs", batch); err != nil {
		return Retention{}, err
	}
	if hasHolds {
		if err := r.holds(ctx, &result); err != nil {
			return Retention{}, err
		}
	}
	result.Erased, result.Chain.Head = members.Erased, hex.EncodeToString(head)
	return result, nil
}

// holds reads the legal holds.
func (r *Reader) holds(ctx context.Context, result *Retention) error {
	batch := &pgx.Batch{}
	batch.Queue(sqlLegalHolds).Query(each(func(rows pgx.Rows) error {
		var h Hold
		err := rows.Scan(&h.Name, &h.Categories, &h.SecretVersion, &h.Members, &h.Unknown, &h.Unlisted)
		result.Holds = append(result.Holds, h)
		return err
	}))
	return r.send(ctx, "the legal holds", batch)
}

// add sums a count into the run.
func (run *RetentionRun) add(c RetentionCount) {
	run.Counts = append(run.Counts, c)
	switch c.Outcome {
	case "Due":
		run.DueMembers += c.Members
		run.DueRows += c.Rows
	case "Erased":
		run.ErasedMembers += c.Members
		run.ErasedRows += c.Rows
	case "Changed":
		run.ChangedMembers += c.Members
	case "Failed":
		run.FailedMembers += c.Members
	case "Withheld":
		run.WithheldMembers += c.Members
	}
}

// ChainLink reads the hash of one link of the audit chain in hex, by its number; empty when there is none. With it
// a head that was seen before is found again in a chain that has grown.
func (r *Reader) ChainLink(ctx context.Context, number int64) (string, error) {
	var hash []byte
	batch := &pgx.Batch{}
	batch.Queue(sqlChainLink, number).QueryRow(one(&hash))
	if err := r.send(ctx, "the audit chain", batch); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash), nil
}

// Certificate reads the signed proof of one run; nil when there is none.
func (r *Reader) Certificate(ctx context.Context, runID int64) (*Certificate, error) {
	var c Certificate
	batch := &pgx.Batch{}
	batch.Queue(sqlCertificate, runID).QueryRow(one(&c.Body, &c.Signature, &c.PublicKey, &c.CreatedAt))
	if err := r.send(ctx, "the certificate", batch); err != nil {
		return nil, err
	}
	if c.Body == nil {
		return nil, nil
	}
	return &c, nil
}
