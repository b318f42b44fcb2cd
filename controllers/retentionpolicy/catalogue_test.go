// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package retentionpolicy

import (
	"errors"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

func TestWhatAStoreHoldsBeyondWhatIsKnownIsNamedInACondition(t *testing.T) {
	found := func(r stats.RetentionRun, failure string) stats.RetentionRun {
		r.RunName, r.Failure = "group-main-s-1", failure
		return r
	}
	whole := run(kindOfSchedule, "Previewed", "2026-11-21T12:00:00Z", 0)
	const names = "CatalogueIncomplete: alumni.badge.member_id refers to alumni.member and is not known"
	cases := map[string]struct {
		runs     []stats.RetentionRun
		err      error
		want     metav1.ConditionStatus
		reason   string
		contains string
	}{
		"no run has looked":                   {nil, nil, metav1.ConditionTrue, v1alpha1.ReasonAwaitingFirstRun, ""},
		"no run has looked, and none can":     {nil, errors.New("no store"), "", "", ""},
		"all is known":                        {[]stats.RetentionRun{whole}, nil, metav1.ConditionTrue, v1alpha1.ReasonCatalogueComplete, ""},
		"all is known, although a run failed": {[]stats.RetentionRun{found(whole, "ClockJump")}, nil, metav1.ConditionTrue, v1alpha1.ReasonCatalogueComplete, ""},
		"a preview saw it":                    {[]stats.RetentionRun{found(whole, names)}, nil, metav1.ConditionFalse, v1alpha1.ReasonCatalogueIncomplete, "AlumniNetwork main holds more than is known: alumni.badge.member_id refers"},
		"a run for people who asked saw it": {[]stats.RetentionRun{found(run(kindOfRequests, "Failed", "2026-11-21T12:00:00Z", 0), names), whole}, nil,
			metav1.ConditionFalse, v1alpha1.ReasonCatalogueIncomplete, "group-main-s-1"},
		"it was mended since":               {[]stats.RetentionRun{whole, found(whole, names)}, nil, metav1.ConditionTrue, v1alpha1.ReasonCatalogueComplete, ""},
		"one that works still says nothing": {[]stats.RetentionRun{{State: "Executing"}, found(whole, names)}, nil, metav1.ConditionFalse, v1alpha1.ReasonCatalogueIncomplete, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			p := policy("group", nil)
			n := &networkScope{network: &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Name: "main"}}, result: seen(0, "", c.runs...)}
			conditions.True(&p, v1alpha1.RulesValidCondition, v1alpha1.ReasonRulesValid, "")
			var errs []error
			if c.err != nil {
				errs = append(errs, c.err)
			}
			showStatus(&scope{policy: &p, networks: []*networkScope{n}}, errs)
			got := conditions.Get(&p, v1alpha1.CatalogueCompleteCondition)
			if c.want == "" {
				g.Expect(got).To(BeNil())
				return
			}
			g.Expect(got.Status).To(Equal(c.want))
			g.Expect(got.Reason).To(Equal(c.reason))
			g.Expect(got.Message).To(ContainSubstring(c.contains))
		})
	}
}

func TestAStoreThatIsNotKnownWholeIsLookedAtAgainAfterGrowingPauses(t *testing.T) {
	now := moment("2026-11-21T12:00:00Z")
	incomplete := func(ended string) stats.RetentionRun {
		r := run(kindOfSchedule, "Previewed", ended, 0)
		r.Failure = "CatalogueIncomplete: alumni.badge.member_id is not known"
		return r
	}
	whole := run(kindOfSchedule, "Certified", "2026-11-21T09:00:00Z", 1)
	for name, c := range map[string]struct {
		runs []stats.RetentionRun
		want bool
	}{
		"no run has been":                    {nil, false},
		"the store is known":                 {[]stats.RetentionRun{whole}, false},
		"it was seen half a minute ago":      {[]stats.RetentionRun{incomplete("2026-11-21T11:59:30Z"), whole}, false},
		"it was seen a minute ago":           {[]stats.RetentionRun{incomplete("2026-11-21T11:59:00Z"), whole}, true},
		"for the third time, 3 minutes ago":  {[]stats.RetentionRun{incomplete("2026-11-21T11:57:00Z"), incomplete("2026-11-21T11:55:00Z"), incomplete("2026-11-21T11:54:00Z")}, false},
		"for the third time, 4 minutes ago":  {[]stats.RetentionRun{incomplete("2026-11-21T11:56:00Z"), incomplete("2026-11-21T11:54:00Z"), incomplete("2026-11-21T11:53:00Z")}, true},
		"a run is at work, and says no more": {[]stats.RetentionRun{{State: "Executing"}, incomplete("2026-11-21T11:59:30Z")}, false},
		"it was mended since":                {[]stats.RetentionRun{whole, incomplete("2026-11-21T08:00:00Z")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(lookAgain(seen(0, "", c.runs...), now)).To(Equal(c.want))
		})
	}
}
