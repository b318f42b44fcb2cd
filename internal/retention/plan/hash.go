// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alumni-operator/alumni-operator/internal/retention/canonical"
)

// Digest is the fingerprint of the rules as they were read, without the instant.
func (p *Plan) Digest() ([32]byte, error) {
	return canonical.Hash(p.describe(false))
}

// Count is what one rule found due.
type Count struct {
	Rule     string `json:"rule"`
	Category string `json:"category"`
	Members  int64  `json:"members"`
	Rows     int64  `json:"rows"`
}

// Hash is the fingerprint of the whole plan: the policy, the day, the cut-off dates, and whom and how much they
// met. Members enter by their keyed hashes, so that the plan says nothing of anybody.
func (p *Plan) Hash(counts []Count, members [32]byte) ([32]byte, error) {
	sorted := slices.Clone(counts)
	slices.SortFunc(sorted, func(a, b Count) int {
		return strings.Compare(a.Rule+"\x00"+a.Category, b.Rule+"\x00"+b.Category)
	})
	d := p.describe(true)
	d["asOf"], d["counts"], d["members"] = p.today.String(), sorted, fmt.Sprintf("%x", members)
	return canonical.Hash(d)
}

// describe is the policy as it enters a fingerprint. What a policy does not have is left out, so that the fingerprint of one without it
// is what it was before there could be any.
func (p *Plan) describe(cutoff bool) map[string]any {
	d := map[string]any{"policy": p.PolicyUID, "generation": p.Generation, "zone": p.Zone.String(), "rules": p.rulesWith(cutoff)}
	if len(p.Minimums) > 0 {
		minimums := []map[string]string{}
		for _, m := range p.Minimums {
			minimums = append(minimums, map[string]string{"name": m.Name, "category": m.Category, "basis": m.Basis, "since": m.Since, "keep": m.Keep})
		}
		d["minimums"] = minimums
	}
	return d
}

func (p *Plan) rulesWith(cutoff bool) []map[string]string {
	rules := []map[string]string{}
	for _, r := range slices.Concat(p.Profile, p.Logs) {
		m := map[string]string{"name": r.Name, "category": r.Category, "since": r.Since, "after": r.After, "action": r.Action}
		if r.IfMissing != "" {
			m["ifMissing"] = r.IfMissing
		}
		if cutoff {
			m["cutoff"] = r.Cutoff.String()
		}
		rules = append(rules, m)
	}
	return rules
}
