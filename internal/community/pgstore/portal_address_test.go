// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
)

// home is a client with an address of its own.
var home = netip.MustParseAddr("203.0.113.7")

func (w *world) ask(viewer community.Viewer, address string, from netip.Addr) {
	w.Helper()
	w.Expect(w.portal.AskAddress(w.Context(), viewer, address, community.English, from)).To(Succeed())
}

// asked is how many mails ask whether an address is somebody's.
func (w *world) asked(address string) int {
	w.Helper()
	n, err := strconv.Atoi(w.value(`SELECT count(*) FROM alumni.portal_mail WHERE kind = 'AddressConfirmation' AND address = $1`, address))
	w.Expect(err).NotTo(HaveOccurred())
	return n
}

func (w *world) contact(member uuid.UUID) string {
	w.Helper()
	return w.value(`SELECT address || ' ' || source || ' ' || (verified_at IS NOT NULL) FROM alumni.contact WHERE member_id = $1 AND channel = 'Email'`, member)
}

func TestANewAddressIsUsedForNothingUntilItIsConfirmed(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("old@mail.example")
	w.ask(viewer, " New@Mail.Example", home)
	w.Expect(w.contact(viewer.Member)).To(Equal("old@mail.example Roster true"))
	waits, err := w.portal.WaitingAddress(t.Context(), viewer)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(waits).To(Equal(community.NewAddress{Address: "New@mail.example", Until: w.clock.Now().Add(community.AddressLifetime).In(waits.Until.Location())}))

	token, err := w.portal.AddressToken(t.Context(), viewer.Member, "New@mail.example")
	w.Expect(err).NotTo(HaveOccurred())
	stranger, _ := w.signedIn("other@mail.example")
	w.Expect(code(w.portal.ConfirmAddress(t.Context(), stranger, token))).To(Equal(community.CodeLinkSpent), "who got the mail by mistake gets nothing")
	w.Expect(code(w.portal.ConfirmAddress(t.Context(), viewer, token+"x"))).To(Equal(community.CodeLinkSpent))
	w.Expect(w.contact(viewer.Member)).To(Equal("old@mail.example Roster true"))

	link := w.link(viewer.Member)
	w.exec(`INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'Email', 'HardBounce')`, viewer.Member)
	w.Expect(w.portal.ConfirmAddress(t.Context(), viewer, token)).To(Succeed())
	w.Expect(w.contact(viewer.Member)).To(Equal("New@mail.example Member true"))
	w.Expect(w.value(`SELECT count(*) FROM alumni.suppression`)).To(Equal("0"), "the former address bounced, and not this one")
	w.Expect(w.value(`SELECT address || ' ' || locale FROM alumni.portal_mail WHERE kind = 'AddressChanged'`)).To(Equal("old@mail.example ja"), "the former address is told")
	_, err = w.portal.SignIn(t.Context(), link)
	w.Expect(code(err)).To(Equal(community.CodeLinkSpent), "a link that went to the former address is worth nothing")
	w.Expect(code(w.portal.ConfirmAddress(t.Context(), viewer, token))).To(Equal(community.CodeLinkSpent))
	w.Expect(w.value(`SELECT count(*) FROM alumni.address_change`)).To(Equal("0"))
}

func TestALinkToANewAddressEnds(t *testing.T) {
	for name, end := range map[string]func(*world, community.Viewer){
		"after a day":                        func(w *world, _ community.Viewer) { w.clock.Advance(community.AddressLifetime) },
		"when the member keeps the former":   func(w *world, v community.Viewer) { w.Expect(w.portal.DropAddress(w.Context(), v)).To(Succeed()) },
		"when the member asks for another":   func(w *world, v community.Viewer) { w.ask(v, "third@mail.example", home) },
		"when somebody else has the address": func(w *world, _ community.Viewer) { w.person(community.StateListed, "NEW@mail.example") },
		"when the member asks for it anew later": func(w *world, v community.Viewer) {
			w.clock.Advance(community.AddressLifetime)
			w.ask(v, "new@mail.example", home)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			viewer, _ := w.signedIn("old@mail.example")
			w.ask(viewer, "new@mail.example", home)
			token, err := w.portal.AddressToken(t.Context(), viewer.Member, "new@mail.example")
			w.Expect(err).NotTo(HaveOccurred())
			end(w, viewer)
			w.Expect(code(w.portal.ConfirmAddress(t.Context(), viewer, token))).To(Equal(community.CodeLinkSpent))
			w.Expect(w.contact(viewer.Member)).To(HavePrefix("old@mail.example "))
			w.Expect(w.portal.Housekeep(t.Context())).To(Succeed())
		})
	}
}

func TestEveryMailOfOneRequestHoldsTheSameLink(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("old@mail.example")
	w.ask(viewer, "new@mail.example", home)
	first, err := w.portal.AddressToken(t.Context(), viewer.Member, "new@mail.example")
	w.Expect(err).NotTo(HaveOccurred())
	w.clock.Advance(time.Hour)
	w.ask(viewer, "new@mail.example", home)
	w.Expect(w.portal.AddressToken(t.Context(), viewer.Member, "new@mail.example")).To(Equal(first), "whoever asks twice may open either")
	w.Expect(w.portal.AddressToken(t.Context(), viewer.Member, "another@mail.example")).To(BeEmpty())
	w.Expect(w.portal.ConfirmAddress(t.Context(), viewer, first)).To(Succeed())
}

func TestNobodyLearnsByAskingWhoseAnAddressIs(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("old@mail.example")
	w.person(community.StateListed, "known@mail.example")
	for range community.ConfirmationsPerAddress + 2 {
		w.ask(viewer, "Known@mail.example", home)
		w.ask(viewer, "unknown@mail.example", home)
	}
	w.Expect([]int{w.asked("Known@mail.example"), w.asked("unknown@mail.example")}).To(Equal([]int{0, community.ConfirmationsPerAddress}))
	w.Expect(code(w.portal.AskAddress(t.Context(), viewer, "OLD@mail.example", community.English, home))).To(Equal(community.CodeInvalid))
	w.Expect(code(w.portal.AskAddress(t.Context(), viewer, "no address", community.English, home))).To(Equal(community.CodeInvalid))
}

func TestAnAddressIsAskedThreeTimesADayWhoeverAsks(t *testing.T) {
	w := newWorld(t)
	victim := "victim@mail.example"
	begin := w.clock.Now()
	for i := range 6 { // every replica, and members who ask at once
		viewer, _ := w.signedIn(fmt.Sprintf("m%d@mail.example", i))
		replica := portalOf(w.store, w.clock)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if err := replica.AskAddress(t.Context(), viewer, victim, community.English, netip.Addr{}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	w.Expect(w.asked(victim)).To(Equal(community.ConfirmationsPerAddress))
	viewer, _ := w.signedIn("last@mail.example")
	w.clock.Advance(community.ConfirmationSpan - w.clock.Now().Sub(begin) - time.Second)
	w.ask(viewer, victim, home)
	w.Expect(w.asked(victim)).To(Equal(community.ConfirmationsPerAddress))
	w.clock.Advance(time.Second)
	w.ask(viewer, victim, home)
	w.Expect(w.asked(victim)).To(Equal(community.ConfirmationsPerAddress + 1))
}

func TestAClientHasTwentyMailsSentInAnHour(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("old@mail.example")
	sent := func(from string, n int) int {
		before := w.value(`SELECT count(*) FROM alumni.portal_mail WHERE kind = 'AddressConfirmation'`)
		for range n {
			w.ask(viewer, uuid.NewString()+"@mail.example", netip.MustParseAddr(from))
		}
		all, err := strconv.Atoi(w.value(`SELECT count(*) - $1::text::bigint FROM alumni.portal_mail WHERE kind = 'AddressConfirmation'`, before))
		w.Expect(err).NotTo(HaveOccurred())
		return all
	}
	w.Expect(sent("203.0.113.7", 25)).To(Equal(community.ConfirmationsPerSource))
	w.Expect(sent("203.0.113.8", 1)).To(Equal(1), "another client")
	w.Expect(sent("2001:db8:1:2::1", 15)+sent("2001:db8:1:2:ffff::1", 15)).To(Equal(community.ConfirmationsPerSource), "one customer's network")
	w.Expect(sent("10.0.0.1", 25)).To(Equal(25), "everybody comes by a proxy that nobody has named")
	w.clock.Advance(time.Hour)
	w.Expect(sent("203.0.113.7", 1)).To(Equal(1))
}

func TestWhoHasNotJoinedIsMailedThreeLinksADay(t *testing.T) {
	w := newWorld(t)
	w.person(community.StateInvited, "hana@hoshino.example")
	w.person(community.StateActive, "active@hoshino.example")
	queued := func(address string) string {
		w.Helper()
		for range 4 {
			w.Expect(w.portal.QueueLink(t.Context(), address, community.Japanese, home)).To(Succeed())
		}
		return w.value(`SELECT count(*) FROM alumni.portal_mail p JOIN alumni.contact c ON c.member_id = p.member_id WHERE c.address = $1`, address)
	}
	w.Expect(queued("hana@hoshino.example")).To(Equal("3"))
	w.clock.Advance(2 * time.Hour)
	w.Expect(queued("hana@hoshino.example")).To(Equal("3"))
	w.Expect(queued("active@hoshino.example")).To(Equal("4"), "who signs in was confirmed long ago")
	w.clock.Advance(22 * time.Hour)
	w.Expect(queued("hana@hoshino.example")).To(Equal("6"))
}

func TestTheStoreKeepsNoAddressOfWhoWasAsked(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("old@mail.example")
	w.ask(viewer, canary.Email, home)
	w.Expect(w.portal.DropAddress(t.Context(), viewer)).To(Succeed())
	w.exec(`DELETE FROM alumni.portal_mail`)
	w.Expect(w.value(`SELECT count(*) FROM alumni.confirmation_count`)).To(Equal("2"), "of the address and of the client")
	w.Expect(w.value(`SELECT string_agg(encode(key, 'escape') || encode(key, 'hex'), ' ') FROM alumni.confirmation_count`)).
		NotTo(Or(ContainSubstring("canary"), ContainSubstring("203.0.113.7")))
	w.clock.Advance(community.ConfirmationSpan)
	w.Expect(w.portal.Housekeep(t.Context())).To(Succeed())
	w.Expect(w.value(`SELECT count(*) FROM alumni.confirmation_count`)).To(Equal("0"))
}

func TestNoAddressOfAMemberIsUnconfirmed(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("old@mail.example")
	_, err := w.admin.Exec(t.Context(), `UPDATE alumni.contact SET source = 'Member', verified_at = NULL WHERE member_id = $1`, viewer.Member)
	w.Expect(err).To(MatchError(ContainSubstring("contact_confirmed")), "there is no such row for a campaign to claim")
	_, err = w.store.Pool(naming.RolePortal).Exec(t.Context(), `UPDATE alumni.contact SET address = 'x@mail.example' WHERE member_id = $1`, viewer.Member)
	w.Expect(err).To(MatchError(ContainSubstring("permission denied")))
}

func TestWhoLeavesLeavesNoAddressThatWaits(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("old@mail.example")
	w.ask(viewer, "new@mail.example", home)
	_, err := w.portal.Withdraw(t.Context(), viewer, community.English)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(w.value(`SELECT count(*) FROM alumni.address_change`)).To(Equal("0"))
	w.Expect(w.asked("new@mail.example")).To(BeZero())
	w.Expect(code(w.portal.AskAddress(t.Context(), viewer, "new@mail.example", community.English, home))).To(Equal(community.CodeForbidden))
}
