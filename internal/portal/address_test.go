// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

// addressLink is the path of the link by which an address is confirmed.
var addressLink = regexp.MustCompile(`/me/address/[A-Za-z0-9_-]{43}`)

func TestAMemberMovesToANewAddress(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	b, person := site.Browser(), w.Person(community.StateActive)
	b.SignIn(w, person)
	told := len(w.Mails(person.Address))
	g.Expect(b.Get("/me").Body).To(ContainSubstring(`href="/me/address"`))
	g.Expect(b.Get("/me/address").Body).To(ContainSubstring("Now it is " + person.Address))

	g.Expect(b.Post("/me/address", "act", "ask", "address", "nobody").Status).To(Equal(422))
	a := b.Post("/me/address", "act", "ask", "address", person.Address)
	g.Expect([]any{a.Status, a.Body}).To(HaveExactElements(422, ContainSubstring("This is your address already")))
	a = b.Post("/me/address", "act", "ask", "address", "hanako@new.example")
	g.Expect([]any{a.Status, a.Location}).To(Equal([]any{303, "/me/address?done=addressAsked"}))
	mail := w.AwaitMail("hanako@new.example", 1)
	g.Expect(mail.Text).To(And(ContainSubstring("ignore this mail"), Not(ContainSubstring("星野 花子")), Not(ContainSubstring(person.Address))), "who mistypes an address tells a stranger nothing")
	g.Expect(b.Get("/me/address").Body).To(ContainSubstring("We wait for you to confirm hanako@new.example"))
	link := addressLink.FindString(mail.Text)
	g.Expect(link).NotTo(BeEmpty())

	// Whoever opens the link without being that member changes nothing.
	guest, other := site.Browser(), site.Browser()
	other.SignIn(w, w.Person(community.StateActive))
	g.Expect([]string{guest.Get(link).Location, guest.Post(link).Location}).To(Equal([]string{"/sign-in", "/sign-in"}))
	a = other.Post(link)
	g.Expect([]any{a.Status, a.Body}).To(HaveExactElements(422, ContainSubstring("This link no longer works")))
	for range 3 { // scanners open links
		g.Expect(b.Get(link).Body).To(ContainSubstring("From now on your mail and your sign-in links go to hanako@new.example"))
	}
	g.Expect(w.Value(`SELECT address FROM alumni.contact WHERE member_id = $1`, person.ID)).To(Equal(person.Address))

	a = b.Post(link)
	g.Expect([]any{a.Status, a.Location}).To(Equal([]any{303, "/me?done=addressChanged"}))
	g.Expect(w.Value(`SELECT address || source FROM alumni.contact WHERE member_id = $1 AND verified_at IS NOT NULL`, person.ID)).To(Equal("hanako@new.exampleMember"))
	g.Expect(w.AwaitMail(person.Address, told+1).Text).To(And(ContainSubstring("変更され"), Not(ContainSubstring("hanako@new.example"))), "the former address is told, in the member's language")
	g.Expect(b.Post(link).Status).To(Equal(422), "once")

	// The new address signs in, and the former one does not.
	g.Expect(guest.Post("/sign-in", "address", "hanako@new.example").Status).To(Equal(http.StatusSeeOther))
	g.Expect(guest.Post("/sign-in/" + w.AwaitMail("hanako@new.example", 2).Token()).Location).To(Equal("/home"))
	g.Expect(guest.Post("/sign-in", "address", person.Address).Status).To(Equal(http.StatusSeeOther))
	g.Expect(w.Value(`SELECT count(*) FROM alumni.portal_mail WHERE kind = 'SignInLink' AND created_at > now() - interval '1 minute' AND member_id = $1`, person.ID)).NotTo(Equal("0"))
	g.Consistently(func() int { return len(w.Mails(person.Address)) }, 300*time.Millisecond).Should(Equal(told + 1))
	g.Expect(w.Log.String()).NotTo(Or(ContainSubstring("hanako@new"), ContainSubstring(link)))
}

func TestAMemberKeepsTheFormerAddress(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b, person := w.Serve().Browser(), w.Person(community.StateActive)
	b.SignIn(w, person)
	b.Post("/me/address", "act", "ask", "address", "hanako@new.example")
	link := addressLink.FindString(w.AwaitMail("hanako@new.example", 1).Text)
	g.Expect(b.Post("/me/address", "act", "drop").Location).To(Equal("/me/address?done=saved"))
	g.Expect(b.Get("/me/address?lang=ja").Body).NotTo(ContainSubstring("hanako@new.example"))
	g.Expect(b.Get(link).Status).To(Equal(422))
	g.Expect(b.Post(link).Status).To(Equal(422))
	g.Expect(w.Value(`SELECT address FROM alumni.contact WHERE member_id = $1`, person.ID)).To(Equal(person.Address))
}

// TestTwentyAnHourOfOneClientAreSharedByEveryReplica asks two replicas for links to join, from one client and from many proxies.
func TestTwentyAnHourOfOneClientAreSharedByEveryReplica(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	replicas := []*portaltest.Browser{w.Serve().Browser(), w.Serve().Browser()}
	for i := range community.ConfirmationsPerSource + 6 {
		b := replicas[i%2]
		b.Header = http.Header{"X-Forwarded-For": {"203.0.113.7"}}
		a := b.Post("/sign-in", "address", w.Person(community.StateInvited).Address)
		g.Expect(a.Location).To(Equal("/sign-in/sent"), "everybody is answered alike")
	}
	replicas[0].Header = http.Header{"X-Forwarded-For": {"203.0.113.8"}}
	last := w.Person(community.StateInvited)
	replicas[0].Post("/sign-in", "address", last.Address)
	w.AwaitMail(last.Address, 1)
	w.Eventually("all are looked up", func() bool {
		return w.Value(`SELECT count(*) FROM alumni.portal_mail WHERE kind = 'SignInLink' AND member_id <> $1`, last.ID) == "20"
	})
}

func TestWhatSomebodyAgreedToWhenJoiningIsOnRecord(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	person := w.Person(community.StateInvited)
	w.Serve().Browser().SignIn(w, person, "Network", "Newsletter")
	g.Expect(w.Value(`SELECT string_agg(concat_ws(' ', purpose, decision, text_version, channel, source, decided_at > now() - interval '1 minute'), ', ' ORDER BY id)
		FROM alumni.consent WHERE member_id = $1`, person.ID)).To(Equal("Network Given 2026-12/en Portal join t, Newsletter Given 2026-12/en Portal join t"))
	g.Expect(w.Value(`SELECT verified_at IS NOT NULL FROM alumni.contact WHERE member_id = $1`, person.ID)).To(Equal("true"))
}
