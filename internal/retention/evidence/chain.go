// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"io"

	"github.com/alumni-operator/alumni-operator/internal/retention/audit"
	"github.com/alumni-operator/alumni-operator/internal/retention/certificate"
)

// account is what the chain tells of the certificate's run.
type account struct {
	starts  int64
	digest  string // of the rules, at the first start
	erased  map[string]certificate.Total
	batches []audit.Body // that erased people
	head    audit.Head   // at the length that the certificate names
	end     audit.Body   // the record there
}

// verifyChain checks the chain, and the certificate against it. It returns nil when the chain is no proof.
func (r *Report) verifyChain(c *certificate.Certificate, export io.Reader) *account {
	if export == nil {
		for _, name := range []string{ChainWhole, ChainHead, ChainAgrees} {
			r.add(name, NotChecked, "no audit chain was given")
		}
		return nil
	}
	told := &account{erased: map[string]certificate.Total{}}
	head, err := audit.VerifyExport(export, func(at audit.Head, b audit.Body) { told.add(c, at, b) })
	if !r.settle(ChainWhole, err, "each of %d records fits to the one before it", head.Seq) {
		return nil
	}
	if told.head.Hash.String() != c.Chain.Head {
		err = fmt.Errorf("the chain has %d records, and none that the certificate names as record %d", head.Seq, c.Chain.Length)
	}
	if !r.settle(ChainHead, err, "record %d is the one that the certificate names; %d came after it", c.Chain.Length, head.Seq-c.Chain.Length) {
		return nil
	}
	if !r.settle(ChainAgrees, told.compare(c), "the records of the run tell of the same rules and the same numbers, in %d batches of people", len(told.batches)) {
		return nil
	}
	return told
}

// add takes in a record of the chain.
func (a *account) add(c *certificate.Certificate, at audit.Head, b audit.Body) {
	if at.Seq == c.Chain.Length {
		a.head, a.end = at, b
	}
	if b.Run != c.Run.Name || at.Seq > c.Chain.Length {
		return
	}
	switch b.Kind {
	case audit.RunStarted:
		if a.starts++; a.starts == 1 {
			a.digest = b.PolicyDigest
		}
	case audit.Batch:
		sum := certificate.Total{Members: b.Members, Rows: b.Rows}
		a.erased[b.Rule] = a.erased[b.Rule].Add(sum)
		if b.Members > 0 {
			a.batches = append(a.batches, b)
		}
	}
}

// compare names the first thing that the chain tells in another way than the certificate.
func (a *account) compare(c *certificate.Certificate) error {
	end := a.end
	same := []struct {
		what string
		is   bool
	}{
		{"the end of the run", end.Kind == audit.RunFinished && end.Run == c.Run.Name},
		{"the policy", end.Policy == c.Policy.UID && end.Generation == c.Policy.Generation},
		{"the rules as they were read", a.digest == c.Policy.Digest},
		{"the plan", end.PlanHash == c.Run.PlanHash},
		{"how often the run started", a.starts == c.Run.Starts && end.Epoch == c.Run.Starts},
		{"when the run ended", end.At == c.Run.FinishedAt},
		{"what was checked at the end", end.Checks != nil && *end.Checks == c.Checks},
	}
	for _, s := range same {
		if !s.is {
			return fmt.Errorf("%s is not the same in the chain and in the certificate", s.what)
		}
	}
	outcome := map[[2]string]certificate.Total{}
	for _, o := range end.Outcome {
		outcome[[2]string{o.Rule, o.Outcome}] = certificate.Total{Members: o.Members, Rows: o.Rows}
	}
	for _, rule := range c.Rules {
		told := map[string]certificate.Total{"Due": rule.Due, "Erased": rule.Erased, "Changed": rule.Changed, "Failed": rule.Failed}
		for _, w := range rule.Withheld {
			told["Withheld"] = told["Withheld"].Add(w.Total)
		}
		for name, total := range told {
			if outcome[[2]string{rule.Name, name}] != total {
				return fmt.Errorf("the numbers of rule %s are not the same in the chain and in the certificate", rule.Name)
			}
		}
		if a.erased[rule.Name] != rule.Erased {
			return fmt.Errorf("the batches of rule %s do not add up to what the certificate says was erased", rule.Name)
		}
	}
	return nil
}
