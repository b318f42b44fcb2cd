// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/naming"
)

// TestWhenLoginsAreDue holds a login that was made and last renewed at some day against what is declared and asked for.
func TestWhenLoginsAreDue(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		after   v1alpha1.Period
		made    time.Duration // ago
		rotated time.Duration // ago; 0: never
		asked   string
		before  string // what it was last renewed for
		due     bool
		next    time.Duration
	}{
		"never, unless asked":             {made: 4000 * day},
		"asked for the first time":        {asked: "1", due: true},
		"asked and done":                  {asked: "1", before: "1"},
		"asked again":                     {asked: "2", before: "1", due: true},
		"the request was withdrawn":       {before: "1"},
		"young":                           {after: "P30D", made: 20 * day, next: 10 * day},
		"old":                             {after: "P30D", made: 30 * day, due: true},
		"old, but renewed since":          {after: "P30D", made: 300 * day, rotated: 29 * day, next: day},
		"renewed long ago":                {after: "P4W", made: 300 * day, rotated: 29 * day, due: true},
		"by months of different lengths":  {after: "P1M", made: 30 * day, next: day}, // made on 31 October: 1 December
		"young and asked for":             {after: "P10Y", made: day, asked: "1", due: true},
		"made by a clock that runs ahead": {after: "P1D", made: -day, next: 2 * day},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			n := &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{}}}
			if c.after != "" {
				n.Spec.Store.Credentials = &v1alpha1.StoreCredentials{RotateAfter: &c.after}
			}
			login := credential{generation: naming.GenerationA, madeAt: now.Add(-c.made)}
			if c.before != "" {
				n.Annotations[rotateAnnotation] = c.before
				login.rotatedFor = request(n)
				delete(n.Annotations, rotateAnnotation)
			}
			if c.asked != "" {
				n.Annotations[rotateAnnotation] = c.asked
			}
			if c.rotated != 0 {
				login.rotatedAt = now.Add(-c.rotated)
			}
			s := &scope{network: n, now: now, credentials: map[naming.Role]credential{}}
			for _, role := range naming.Roles() {
				s.credentials[role] = login
			}

			due, next := s.dueLogins()

			if c.due {
				g.Expect(due).To(Equal(naming.Roles()))
			} else {
				g.Expect(due).To(BeEmpty())
			}
			g.Expect(next).To(Equal(c.next))
		})
	}
}
