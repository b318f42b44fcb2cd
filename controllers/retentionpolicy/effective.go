// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retentionpolicy

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/settings"
)

// explicit says whether a policy names networks by label, and so beats one with an empty selector.
func explicit(p *v1alpha1.RetentionPolicy) bool {
	return len(p.Spec.NetworkSelector.MatchLabels)+len(p.Spec.NetworkSelector.MatchExpressions) > 0
}

// selects says whether a policy chooses a network. A selector that cannot be read chooses none.
func selects(p *v1alpha1.RetentionPolicy, network *v1alpha1.AlumniNetwork) bool {
	selector, err := metav1.LabelSelectorAsSelector(&p.Spec.NetworkSelector)
	return err == nil && selector.Matches(labels.Set(network.Labels))
}

// effectiveRules are the rules of a policy that hold for a network. A policy with an empty selector gives way, for
// each category, to policies that name the network by label; it does so even while these are suspended, for
// when in doubt nothing is deleted. Among policies of one level every rule holds, so the earliest wins. The
// result does not depend on the order of policies or rules. Rules for people who left carry out a person's right: they hold at every
// level.
func effectiveRules(p *v1alpha1.RetentionPolicy, network *v1alpha1.AlumniNetwork, all []v1alpha1.RetentionPolicy) []settings.RetentionRule {
	taken := map[v1alpha1.RetentionCategory]bool{}
	if !explicit(p) {
		for i := range all {
			other := &all[i]
			if other.UID == p.UID || !explicit(other) || !other.DeletionTimestamp.IsZero() || !selects(other, network) {
				continue
			}
			for _, rule := range other.Spec.Rules {
				taken[rule.Category] = true
			}
		}
	}
	var rules []settings.RetentionRule
	for _, r := range p.Spec.Rules {
		right := r.Trigger.Since == v1alpha1.SinceMembershipWithdrawn || r.Trigger.Since == v1alpha1.SinceConsentEnded
		if taken[r.Category] && !right {
			continue
		}
		action := r.Action
		if action == "" {
			action = v1alpha1.ActionDelete
		}
		missing := r.Trigger.IfMissing
		if missing == v1alpha1.IfMissingNever {
			missing = "" // the default is left out: a worker of the version before does not know the field
		}
		rules = append(rules, settings.RetentionRule{
			Name: r.Name, Category: string(r.Category), Since: string(r.Trigger.Since), After: string(r.After),
			Action: string(action), LegalBasis: r.LegalBasis, IfMissing: string(missing),
		})
	}
	slices.SortFunc(rules, func(a, b settings.RetentionRule) int { return strings.Compare(a.Name, b.Name) })
	return rules
}

// effectiveMinimums are those of all policies over a network: of whatever level, suspended or not, and whether they only preview. When
// in doubt something is kept. They are named after their policy too, and come in a fixed order.
func effectiveMinimums(network *v1alpha1.AlumniNetwork, all []v1alpha1.RetentionPolicy) []settings.RetentionMinimum {
	var minimums []settings.RetentionMinimum
	for i := range all {
		p := &all[i]
		if !selects(p, network) || !p.DeletionTimestamp.IsZero() {
			continue
		}
		for _, m := range p.Spec.Minimums {
			minimums = append(minimums, settings.RetentionMinimum{
				Name: p.Name + "/" + m.Name, Category: string(m.Category), Basis: string(m.Basis), Since: string(m.Since),
				Keep: string(m.Keep), LegalBasis: m.LegalBasis,
			})
		}
	}
	slices.SortFunc(minimums, func(a, b settings.RetentionMinimum) int { return strings.Compare(a.Name, b.Name) })
	return minimums
}

// effective is what all policies together say of a network, for the runs of one of them.
type effective struct {
	rules    []settings.RetentionRule
	minimums []settings.RetentionMinimum
	holds    []hold
}

// runSettings is what the worker of one network is told.
func runSettings(p *v1alpha1.RetentionPolicy, e effective, mode v1alpha1.RetentionMode) settings.Retention {
	execution := p.EffectiveExecution()
	told := settings.Retention{
		PolicyUID: string(p.UID), Policy: p.Name, Generation: p.Generation, TimeZone: string(p.Zone()), Mode: string(mode),
		Rules: e.rules, Minimums: e.minimums, BatchMembers: int(execution.BatchMembers), PauseMilliseconds: int(*execution.PauseMilliseconds),
	}
	if c := p.Spec.Ceiling; c != nil {
		told.Ceiling = &settings.RetentionCeiling{Since: string(cmp.Or(c.Since, v1alpha1.CeilingSinceLastActivity)), After: string(c.After), LegalBasis: c.LegalBasis}
	}
	for _, h := range e.holds {
		told.Holds = append(told.Holds, h.RetentionHold)
	}
	return told
}
