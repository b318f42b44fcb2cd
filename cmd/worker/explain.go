// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/retention"
	"github.com/alumni-operator/alumni-operator/internal/retention/plan"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// explainFlags are what a person at a terminal asks.
type explainFlags struct {
	database, output string
	policies         []string
	member           uuid.UUID
}

// explainMember says how long what a store holds of one member is kept, and why. It writes to the terminal, and logs nothing.
func explainMember(ctx context.Context, args []string, out io.Writer) error {
	f, err := parseExplainFlags(args)
	if err != nil {
		return fmt.Errorf("%w: %w", errFinal, err)
	}
	var policies []settings.Retention
	for _, path := range f.policies {
		p, err := settings.Load[settings.Retention](path)
		if err != nil {
			return fmt.Errorf("%w: %w", errFinal, err)
		}
		policies = append(policies, p)
	}
	pool, err := dbconn.Open(ctx, f.database, dbconn.Options{MaxConns: 1, ApplicationName: "retention-explain"})
	if err != nil {
		return err
	}
	defer pool.Close()
	e, err := retention.Explain(ctx, pool, policies, f.member)
	if errors.Is(err, retention.ErrNoMember) || errors.Is(err, plan.ErrPolicy) {
		return fmt.Errorf("%w: %w", errFinal, err)
	}
	if err != nil {
		return err
	}
	return writeExplanation(out, e, f.output)
}

func parseExplainFlags(args []string) (explainFlags, error) {
	var f explainFlags
	set := flag.NewFlagSet("worker retention explain", flag.ContinueOnError)
	set.StringVar(&f.database, "database-dir", settings.DatabaseDir, "folder with the login of the retention role")
	set.StringVar(&f.output, "output", "text", "text or json")
	set.Func("policy", "file with a policy as a run was told it; repeat it for each policy over the network", func(path string) error {
		f.policies = append(f.policies, path)
		return nil
	})
	set.Func("member", "identifier of the member", func(text string) (err error) {
		f.member, err = uuid.Parse(text)
		return err
	})
	if err := set.Parse(args); err != nil {
		return f, err
	}
	switch {
	case set.NArg() > 0 || f.member == uuid.Nil || len(f.policies) == 0:
		return f, errors.New("usage: worker retention explain --member ID --policy FILE [--policy FILE] [--output json]")
	case f.output != "text" && f.output != "json":
		return f, errors.New("--output is text or json")
	}
	return f, nil
}

func writeExplanation(out io.Writer, e retention.Explanation, output string) error {
	var b bytes.Buffer
	if output == "json" {
		encoder := json.NewEncoder(&b)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(e); err != nil {
			return fmt.Errorf("write the explanation: %w", err)
		}
	} else {
		fmt.Fprintf(&b, "As of %s\n", e.AsOf)
		for _, r := range e.Categories {
			fmt.Fprintf(&b, "%-13s %d rows, %s %s\n", r.Category, r.Rows, until(r), r.Because)
		}
	}
	if _, err := b.WriteTo(out); err != nil {
		return fmt.Errorf("write the explanation: %w", err)
	}
	return nil
}

// until says how long something is kept.
func until(r retention.Reason) string {
	switch {
	case r.Hold != "":
		return "kept because of hold " + r.Hold + " until it is released; otherwise"
	case r.Due:
		return "kept until " + r.KeptUntil + " and due since, because"
	case r.KeptUntil == "":
		return "kept without an end that is known, because"
	default:
		return "kept until " + r.KeptUntil + ", because"
	}
}
