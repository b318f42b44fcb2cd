// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retentionpolicy

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
)

func policy(name string, selector map[string]string, categories ...v1alpha1.RetentionCategory) v1alpha1.RetentionPolicy {
	p := v1alpha1.RetentionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)},
		Spec:       v1alpha1.RetentionPolicySpec{NetworkSelector: metav1.LabelSelector{MatchLabels: selector}},
	}
	for _, c := range categories {
		p.Spec.Rules = append(p.Spec.Rules, v1alpha1.RetentionRule{Name: name + "-" + string(c), Category: c, After: "P1Y"})
	}
	return p
}

func names(p *v1alpha1.RetentionPolicy, network *v1alpha1.AlumniNetwork, all []v1alpha1.RetentionPolicy) []string {
	var got []string
	for _, r := range effectiveRules(p, network, all) {
		got = append(got, r.Name)
	}
	return got
}

func TestAPolicyThatNamesNetworksBeatsOneThatNamesNone(t *testing.T) {
	g := NewWithT(t)
	japan := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"region": "jp"}}}
	europe := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"region": "eu"}}}
	all := []v1alpha1.RetentionPolicy{
		policy("default", nil, v1alpha1.CategoryProfile, v1alpha1.CategoryDeliveryLogs),
		policy("japan", map[string]string{"region": "jp"}, v1alpha1.CategoryProfile),
	}
	g.Expect(names(&all[0], japan, all)).To(ConsistOf("default-DeliveryLogs"))
	g.Expect(names(&all[0], europe, all)).To(ConsistOf("default-Profile", "default-DeliveryLogs"))
	g.Expect(names(&all[1], japan, all)).To(ConsistOf("japan-Profile"))

	all[1].Spec.State = v1alpha1.StateSuspended
	g.Expect(names(&all[0], japan, all)).To(ConsistOf("default-DeliveryLogs"), "a suspended policy still protects")
}

func TestEffectiveRulesDoNotDependOnTheOrderOfPolicies(t *testing.T) {
	network := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"region": "jp", "size": "s"}}}
	all := []v1alpha1.RetentionPolicy{
		policy("default", nil, v1alpha1.CategoryProfile, v1alpha1.CategoryDeliveryLogs),
		policy("japan", map[string]string{"region": "jp"}, v1alpha1.CategoryProfile),
		policy("small", map[string]string{"size": "s"}, v1alpha1.CategoryProfile),
		policy("europe", map[string]string{"region": "eu"}, v1alpha1.CategoryDeliveryLogs),
	}
	for i := range all {
		all[i].Spec.Minimums = []v1alpha1.RetentionMinimum{{Name: "law", Keep: "P1Y"}}
	}
	want, minimums := map[string][]string{}, effectiveMinimums(network, all)
	for i := range all {
		want[all[i].Name] = names(&all[i], network, all)
	}
	rapid.Check(t, func(t *rapid.T) {
		shuffled := rapid.Permutation(all).Draw(t, "order")
		g := NewWithT(t)
		for i := range shuffled {
			g.Expect(names(&shuffled[i], network, shuffled)).To(Equal(want[shuffled[i].Name]))
		}
		g.Expect(effectiveMinimums(network, shuffled)).To(Equal(minimums))
	})
}

func TestMinimumsOfAllPoliciesOverANetworkCount(t *testing.T) {
	g := NewWithT(t)
	japan := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"region": "jp"}}}
	keeping := func(p v1alpha1.RetentionPolicy, change func(*v1alpha1.RetentionPolicy)) v1alpha1.RetentionPolicy {
		p.Spec.Minimums = []v1alpha1.RetentionMinimum{{Name: "law", Category: v1alpha1.CategoryProfile, Basis: v1alpha1.BasisStatutory,
			LegalBasis: "APPI", Since: v1alpha1.MinimumSinceCreated, Keep: "P3Y"}}
		if change != nil {
			change(&p)
		}
		return p
	}
	now := metav1.Now()
	all := []v1alpha1.RetentionPolicy{
		keeping(policy("jp", map[string]string{"region": "jp"}), nil),
		keeping(policy("everywhere", nil), nil),
		keeping(policy("suspended", nil), func(p *v1alpha1.RetentionPolicy) { p.Spec.State = v1alpha1.StateSuspended }),
		keeping(policy("elsewhere", map[string]string{"region": "eu"}), nil),
		keeping(policy("going", nil), func(p *v1alpha1.RetentionPolicy) { p.DeletionTimestamp = &now }),
	}
	var got []string
	for _, m := range effectiveMinimums(japan, all) {
		got = append(got, m.Name)
	}
	g.Expect(got).To(Equal([]string{"everywhere/law", "jp/law", "suspended/law"}))
	first := effectiveMinimums(japan, all)[0]
	g.Expect([]string{first.Category, first.Basis, first.LegalBasis, first.Since, first.Keep}).To(Equal([]string{"Profile", "Statutory", "APPI", "Created", "P3Y"}))

	own := ownEffective(&all[3])
	g.Expect(own.minimums).To(HaveLen(1), "a policy is checked by itself, whatever it selects")
}

func TestRulesForWhoLeftHoldAtEveryLevel(t *testing.T) {
	g := NewWithT(t)
	japan := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"region": "jp"}}}
	all := []v1alpha1.RetentionPolicy{policy("jp", map[string]string{"region": "jp"}, v1alpha1.CategoryProfile), policy("everywhere", nil, v1alpha1.CategoryProfile)}
	g.Expect(names(&all[1], japan, all)).To(BeEmpty())
	all[1].Spec.Rules[0].Trigger.Since = v1alpha1.SinceMembershipWithdrawn
	g.Expect(names(&all[1], japan, all)).To(Equal([]string{"everywhere-Profile"}))
}
