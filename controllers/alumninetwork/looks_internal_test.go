// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alumninetwork

import (
	"errors"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/alumni-operator/alumni-operator/api/v1alpha1"
	"github.com/alumni-operator/alumni-operator/internal/conditions"
	"github.com/alumni-operator/alumni-operator/internal/dbconn"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/outcome"
	"github.com/alumni-operator/alumni-operator/internal/stats"
)

func lookedAt() *scope {
	return &scope{
		network: &v1alpha1.AlumniNetwork{ObjectMeta: metav1.ObjectMeta{
			Namespace: "ns", Name: "main", UID: "uid", Generation: 1, Annotations: map[string]string{"a": "1"}}},
		admin:       dbconn.Login{Host: "db.example", Port: 5432, Database: "postgres", Username: "platform", Password: "first"},
		credentials: map[naming.Role]credential{naming.RolePortal: {generation: naming.GenerationA, found: markOf("main-db-portal", "1")}},
		note:        &note{found: [uses]mark{useAdmin: markOf("pg-admin", "1")}},
	}
}

func TestALookHoldsForAMomentAndForWhatWasAskedOnly(t *testing.T) {
	cases := map[string]struct {
		change func(*scope)
		later  time.Duration
		want   bool
	}{
		"at once":                    {want: true},
		"before it is too old":       {later: lookHolds - time.Millisecond, want: true},
		"when it is too old":         {later: lookHolds},
		"when the clock went back":   {later: -time.Second},
		"after an edit of the store": {change: func(s *scope) { s.network.Spec.Store.ReclaimPolicy = v1alpha1.StoreDelete }},
		"after another edit":         {change: func(s *scope) { s.network.Generation++; s.network.Spec.DisplayName = "Other" }, want: true},
		"after an annotation":        {change: func(s *scope) { s.network.Annotations["a"] = "2" }},
		"with another Secret": {change: func(s *scope) {
			s.credentials[naming.RolePortal] = credential{generation: naming.GenerationA, found: markOf("main-db-portal", "2")}
		}},
		"when nobody uses the former":       {change: func(s *scope) { s.formerInUse = true }},
		"with another Secret for the admin": {change: func(s *scope) { s.note.found[useAdmin] = markOf("pg-admin", "2") }},
		"on another server":                 {change: func(s *scope) { s.admin.Host = "other.example" }},
		"for a network declared anew":       {change: func(s *scope) { s.network.UID = "another" }},
		"for another network":               {change: func(s *scope) { s.network.Name = "another" }},
		"after a change of status alone":    {change: func(s *scope) { s.network.ResourceVersion = "2" }, want: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			clock := clocktesting.NewFakePassiveClock(time.Now())
			looks, s := NewLooks(clock), lookedAt()
			looks.keep(s.network, s.asked())
			if c.change != nil {
				c.change(s)
			}
			clock.SetTime(clock.Now().Add(c.later))
			g.Expect(looks.holds(s.network, s.asked())).To(Equal(c.want))
			looks.forget(nameOf(s.network))
			g.Expect(looks.holds(s.network, s.asked())).To(BeFalse())
		})
	}
}

func TestAggregatesOfANetworkAtRestAreGoodForAMoment(t *testing.T) {
	cases := map[string]struct {
		change func(*v1alpha1.AlumniNetwork)
		later  time.Duration
		want   bool
	}{
		"at once":                     {want: true},
		"before they are too old":     {later: factsHold - time.Millisecond, want: true},
		"when they are too old":       {later: factsHold},
		"when the clock went back":    {later: -time.Second},
		"for a network declared anew": {change: func(n *v1alpha1.AlumniNetwork) { n.UID = "another" }},
		"for another network":         {change: func(n *v1alpha1.AlumniNetwork) { n.Name = "another" }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			clock := clocktesting.NewFakePassiveClock(time.Now())
			looks, n, other := NewLooks(clock), lookedAt().network, lookedAt().network
			other.Name = "other"
			read := &stats.Network{}
			looks.remember(n, factsRead{at: clock.Now(), of: n.UID, facts: read})
			if c.change != nil {
				c.change(n)
			}
			clock.SetTime(clock.Now().Add(c.later))
			facts, left := looks.recall(n)
			g.Expect(facts == read).To(Equal(c.want))
			g.Expect(left > 0).To(Equal(c.want))
			for range 3 { // what is too old for anybody is thrown away
				clock.SetTime(clock.Now().Add(factsHold))
				looks.remember(other, factsRead{at: clock.Now(), of: other.UID, facts: read})
			}
			g.Expect(len(looks.facts) + len(looks.olderFacts)).To(BeNumerically("<=", 2))
			looks.forgetFacts(other)
			facts, _ = looks.recall(other)
			g.Expect(facts).To(BeNil())
		})
	}
}

func TestABusyServerSaysNothingAgainstANetworkThatIsServed(t *testing.T) {
	g := NewWithT(t)
	n := lookedAt().network
	busy := explain(fmt.Errorf("look at the store: %w", dbconn.ErrBudget))
	g.Expect(outcome.IsWaiting(busy)).To(BeTrue())
	g.Expect(awaitsTurn(n, []error{busy})).To(BeFalse(), "a network that is not served yet says what it waits for")
	conditions.True(n, v1alpha1.StoreReadyCondition, v1alpha1.ReasonProvisioned, "")
	g.Expect(awaitsTurn(n, []error{nil, busy})).To(BeTrue())
	g.Expect(awaitsTurn(n, []error{explain(errors.New("something else"))})).To(BeFalse())
	g.Expect(awaitsTurn(n, nil)).To(BeFalse())
}
