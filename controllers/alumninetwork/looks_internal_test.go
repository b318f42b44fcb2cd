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
	"k8s.io/apimachinery/pkg/types"
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

func TestALookHoldsUntilTheResyncAndForWhatWasAskedOnly(t *testing.T) {
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
			looks.keep(s.network, s.asked(), true)
			if c.change != nil {
				c.change(s)
			}
			clock.SetTime(clock.Now().Add(c.later))
			g.Expect(looks.holds(s.network, s.asked()) > 0).To(Equal(c.want))
			looks.forget(s.network)
			g.Expect(looks.holds(s.network, s.asked())).To(BeZero())
		})
	}
}

func TestAStoreIsLookedAtSoonerWhenThePortalDoesNotServe(t *testing.T) {
	g := NewWithT(t)
	begun := time.Now()
	clock := clocktesting.NewFakePassiveClock(begun)
	looks, s := NewLooks(clock), lookedAt()
	n, asked := s.network, s.asked()
	looks.keep(n, asked, true)
	looks.remember(n, &stats.Network{}, looks.stirs(n))
	known := func(after time.Duration) string {
		clock.SetTime(begun.Add(after))
		facts, _ := looks.recall(n)
		return fmt.Sprintf("store %t, logins %t, aggregates %t", looks.holds(n, asked) > 0, looks.trusts(n, asked), facts != nil)
	}

	looks.serves(n, false)
	looks.serves(n, false)
	g.Expect(known(14*time.Second)).To(Equal("store true, logins true, aggregates true"), "it may be starting")
	g.Expect(known(15 * time.Second)).To(Equal("store true, logins false, aggregates false"))
	g.Expect(known(59 * time.Second)).To(Equal("store true, logins false, aggregates false"))
	g.Expect(known(60 * time.Second)).To(Equal("store false, logins false, aggregates false"))
	looks.serves(n, true)
	g.Expect(known(61*time.Second)).To(Equal("store true, logins true, aggregates true"), "it serves again")
}

func TestLoginsThatWereTriedAreTrustedForAnHour(t *testing.T) {
	g := NewWithT(t)
	clock := clocktesting.NewFakePassiveClock(time.Now())
	looks, s := NewLooks(clock), lookedAt()
	trusted := func() bool { return looks.trusts(s.network, s.asked()) }
	g.Expect(trusted()).To(BeFalse(), "nobody tried them")
	looks.keep(s.network, s.asked(), false)
	g.Expect(trusted()).To(BeFalse(), "the store is in order, but they were not tried")
	looks.keep(s.network, s.asked(), true)
	g.Expect(trusted()).To(BeTrue())
	looks.forget(s.network)
	g.Expect(trusted()).To(BeTrue(), "a look that is due for another reason need not try them")

	clock.SetTime(clock.Now().Add(loginsHold - time.Millisecond))
	looks.keep(s.network, s.asked(), false)
	g.Expect(trusted()).To(BeTrue())
	looks.suspect(nameOf(s.network))
	g.Expect(trusted()).To(BeFalse(), "a job that failed may have a login that does not work")
	g.Expect(looks.holds(s.network, s.asked())).To(BeZero())
	looks.keep(s.network, s.asked(), true)
	s.network.Annotations["a"] = "2"
	g.Expect(trusted()).To(BeFalse(), "whoever sets an annotation wants a whole look")
	s.network.Annotations["a"] = "1"
	clock.SetTime(clock.Now().Add(loginsHold))
	g.Expect(trusted()).To(BeFalse(), "an hour is over")
}

func TestAggregatesAreGoodUntilTheResync(t *testing.T) {
	cases := map[string]struct {
		change func(*Looks, *v1alpha1.AlumniNetwork)
		later  time.Duration
		want   bool
	}{
		"at once":                     {want: true},
		"before they are too old":     {later: lookHolds - time.Millisecond, want: true},
		"when they are too old":       {later: lookHolds},
		"when the clock went back":    {later: -time.Second},
		"for a network declared anew": {change: func(_ *Looks, n *v1alpha1.AlumniNetwork) { n.UID = "another" }},
		"for another network":         {change: func(_ *Looks, n *v1alpha1.AlumniNetwork) { n.Name = "another" }},
		"when a job began or ended":   {change: func(l *Looks, n *v1alpha1.AlumniNetwork) { l.stir(nameOf(n)) }},
		"when another's job did": {change: func(l *Looks, _ *v1alpha1.AlumniNetwork) {
			l.stir(types.NamespacedName{Namespace: "ns", Name: "another"})
		}, want: true},
		"when they are not to be kept": {change: func(l *Looks, n *v1alpha1.AlumniNetwork) { l.forgetFacts(n) }},
		"when the store is looked at":  {change: func(l *Looks, n *v1alpha1.AlumniNetwork) { l.forget(n) }},
		"when the network was gone":    {change: func(l *Looks, n *v1alpha1.AlumniNetwork) { l.forgetAll(nameOf(n)) }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			clock := clocktesting.NewFakePassiveClock(time.Now())
			looks, n := NewLooks(clock), lookedAt().network
			read := &stats.Network{}
			looks.remember(n, read, looks.stirs(n))
			if c.change != nil {
				c.change(looks, n)
			}
			clock.SetTime(clock.Now().Add(c.later))
			facts, left := looks.recall(n)
			g.Expect(facts == read).To(Equal(c.want))
			g.Expect(!c.want || left > 0).To(BeTrue())
		})
	}
}

func TestAJobThatEndsWhileTheStoreIsReadMakesTheNextLookReadItAgain(t *testing.T) {
	g := NewWithT(t)
	looks, n := NewLooks(clocktesting.NewFakePassiveClock(time.Now())), lookedAt().network
	since := looks.stirs(n)
	looks.stir(nameOf(n))
	looks.remember(n, &stats.Network{}, since)
	facts, _ := looks.recall(n)
	g.Expect(facts).To(BeNil())
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
