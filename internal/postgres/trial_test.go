// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// TestADatabaseIsOfARehearsalOrOfRealPeople makes one of each, by both ways, and declares the other under its name.
func TestADatabaseIsOfARehearsalOrOfRealPeople(t *testing.T) {
	for name, c := range map[string]struct {
		made      func(*world) EnsureResult
		trial     bool
		otherwise error
	}{
		"a rehearsal, migrated":     {(*world).ensure, true, ErrMadeForTrial},
		"a rehearsal, copied":       {(*world).copy, true, ErrMadeForTrial},
		"for real people, migrated": {(*world).ensure, false, ErrNotForTrial},
		"for real people, copied":   {(*world).copy, false, ErrNotForTrial},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, false)
			t.Cleanup(w.dropTemplates)
			w.spec.Trial = c.trial
			c.made(w)
			g.Expect(w.check()).To(BeEmpty(), "there is nothing left to do")

			for _, uid := range []string{"uid-1", "uid-2"} { // the same network, and one that was declared again
				other := w.spec
				other.Trial, other.Claim.NetworkUID = !c.trial, uid
				_, err := Check(t.Context(), other.Login(w.admin, naming.RoleMetrics), other)
				g.Expect(err).To(MatchError(c.otherwise))
				_, err = Ensure(t.Context(), EnsureInput{Admin: w.admin, Spec: other})
				g.Expect(err).To(MatchError(c.otherwise))
			}
			g.Expect(w.check()).To(BeEmpty(), "and nothing was touched")
		})
	}
}
