// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phases_test

import (
	"context"
	"errors"
	"testing"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/phases"
)

func TestPhasesRunInOrderAndShowTheirErrors(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{}, "x", errors.New("y"))
	cases := map[string]struct {
		errors [3]error
		goOn   bool // the first phase lets the others run
		ran    string
		shown  [3]string
	}{
		"all well":                          {[3]error{}, false, "abc", [3]string{"Fine", "Fine", "Fine"}},
		"a failure stops the rest":          {[3]error{nil, outcome.Stop("Bad", "m"), nil}, false, "ab", [3]string{"Fine", "Bad", "NotReachedYet"}},
		"a failure that lets others run":    {[3]error{outcome.Stop("Bad", "m"), nil, nil}, true, "abc", [3]string{"Bad", "Fine", "Fine"}},
		"a conflict stops and says nothing": {[3]error{nil, conflict, nil}, false, "ab", [3]string{"Fine", "", ""}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			n, ran := &v1alpha1.AlumniNetwork{}, ""
			var list []phases.Phase[*string]
			for i, kind := range []string{"A", "B", "C"} {
				list = append(list, phases.Phase[*string]{Name: kind, Condition: kind, GoOn: i == 0 && c.goOn, Run: func(_ context.Context, s *string) error {
					*s += string(rune('a' + i))
					if c.errors[i] == nil {
						conditions.True(n, kind, "Fine", "")
					}
					return c.errors[i]
				}})
			}

			phases.Run(t.Context(), n, &ran, list)

			g.Expect(ran).To(Equal(c.ran))
			for i, kind := range []string{"A", "B", "C"} {
				reason := ""
				if found := conditions.Get(n, kind); found != nil {
					reason = found.Reason
				}
				g.Expect(reason).To(Equal(c.shown[i]), kind)
			}
		})
	}
}

func TestAStepWithoutAConditionIsNamedToThoseThatWait(t *testing.T) {
	g := NewWithT(t)
	n := &v1alpha1.AlumniNetwork{}
	phases.Run(t.Context(), n, 0, []phases.Phase[int]{
		{Name: "light the fire", Run: func(context.Context, int) error { return errors.New("wet wood") }},
		{Name: "cook", Condition: "Cooked", Run: func(context.Context, int) error { return nil }},
	})
	g.Expect(conditions.Get(n, "Cooked").Message).To(Equal("waits for the step before it: light the fire"))
}
