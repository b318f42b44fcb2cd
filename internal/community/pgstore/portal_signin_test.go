// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pgstore_test

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/testutil/store"
)

const queued = `SELECT count(*) FROM alumni.portal_mail WHERE kind = 'SignInLink' AND member_id = $1`

func TestALinkIsQueuedForThoseWhoMayComeIn(t *testing.T) {
	w := newWorld(t)
	cases := map[string]struct {
		state  community.State
		user   string
		typed  string
		queued string
	}{
		"a member":                       {community.StateActive, "a", "a@hoshino.example", "1"},
		"a member who writes it louder":  {community.StateActive, "Loud", "lOUD@hoshino.example", "1"},
		"a paused member":                {community.StatePaused, "b", "b@hoshino.example", "1"},
		"somebody invited":               {community.StateInvited, "c", "c@hoshino.example", "1"},
		"somebody only listed":           {community.StateListed, "d", "d@hoshino.example", "1"},
		"not somebody who left":          {community.StateWithdrawn, "e", "e@hoshino.example", "0"},
		"not for an address nobody has":  {community.StateActive, "f", "nobody@hoshino.example", "0"},
		"not for a pattern that matches": {community.StateActive, "g", "_@hoshino.example", "0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			member := w.person(c.state, c.user+"@hoshino.example")
			g.Expect(w.portal.QueueLink(t.Context(), c.typed, community.English, netip.Addr{})).To(Succeed())
			g.Expect(w.value(queued, member)).To(Equal(c.queued))
		})
	}
}

func TestFiveLinksAnHourEvenWhenAskedAtOnce(t *testing.T) {
	w := newWorld(t)
	member := w.person(community.StateActive, "hana@hoshino.example")
	var asked sync.WaitGroup
	for range 20 {
		asked.Go(func() {
			if err := w.portal.QueueLink(t.Context(), "hana@hoshino.example", community.Japanese, netip.Addr{}); err != nil {
				t.Error(err)
			}
		})
	}
	asked.Wait()
	w.Expect(w.value(queued, member)).To(Equal("5"))

	w.clock.Advance(61 * time.Minute)
	w.Expect(w.portal.QueueLink(t.Context(), "hana@hoshino.example", community.Japanese, netip.Addr{})).To(Succeed())
	w.Expect(w.value(queued, member)).To(Equal("6"))
}

func TestALinkWorksOnceAndForAQuarterOfAnHour(t *testing.T) {
	w := newWorld(t)
	member := w.person(community.StateActive, "hana@hoshino.example")

	used := w.link(member)
	w.Expect(w.portal.LinkState(t.Context(), used)).To(Equal(community.StateActive))
	_, err := w.portal.SignIn(t.Context(), used)
	w.Expect(err).NotTo(HaveOccurred())
	_, err = w.portal.SignIn(t.Context(), used)
	w.Expect(code(err)).To(Equal(community.CodeLinkSpent))
	_, err = w.portal.LinkState(t.Context(), used)
	w.Expect(code(err)).To(Equal(community.CodeLinkSpent))

	old := w.link(member)
	w.clock.Advance(15*time.Minute + time.Second)
	_, err = w.portal.SignIn(t.Context(), old)
	w.Expect(code(err)).To(Equal(community.CodeLinkSpent))

	_, err = w.portal.SignIn(t.Context(), "made up")
	w.Expect(code(err)).To(Equal(community.CodeLinkSpent))
	w.Expect(w.value(`SELECT count(*) FROM alumni.sign_in_link WHERE encode(token_hash, 'escape') LIKE '%' || $1 || '%'`, used)).To(Equal("0"), "the token itself is stored")
}

func TestALinkOpenedTwiceAtOnceLetsOneIn(t *testing.T) {
	w := newWorld(t)
	token := w.link(w.person(community.StateActive, "hana@hoshino.example"))
	results := make(chan error, 8)
	for range cap(results) {
		go func() {
			_, err := w.portal.SignIn(t.Context(), token)
			results <- err
		}()
	}
	let := 0
	for range cap(results) {
		if err := <-results; err == nil {
			let++
		} else {
			w.Expect(code(err)).To(Equal(community.CodeLinkSpent))
		}
	}
	w.Expect(let).To(Equal(1))
	w.Expect(w.value(`SELECT count(*) FROM alumni.session`)).To(Equal("1"))
}

func TestALinkToAFormerAddressIsWorthNothing(t *testing.T) {
	w := newWorld(t)
	stranger := w.person(community.StateActive, "stranger@mail.example")
	link := w.link(stranger)
	w.exec(`UPDATE alumni.contact SET address = 'hana@mail.example' WHERE member_id = $1`, stranger)
	_, err := w.portal.SignIn(t.Context(), link)
	w.Expect(code(err)).To(Equal(community.CodeLinkSpent), "HR corrected the address after the link was mailed")
	token, err := w.portal.NewLink(t.Context(), stranger, "stranger@mail.example")
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(token).To(BeEmpty(), "a mail that was claimed before the correction")

	link = w.link(stranger)
	w.exec(`DELETE FROM alumni.contact WHERE member_id = $1`, stranger)
	_, err = w.portal.SignIn(t.Context(), link)
	w.Expect(code(err)).To(Equal(community.CodeLinkSpent), "HR took the address out")
}

func TestThePortalChangesWhatMembersMayChangeOnly(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("hana@mail.example")
	for _, sql := range []string{
		`UPDATE alumni.member SET family_name = 'x' WHERE id = $1`, `UPDATE alumni.member SET employee_number = 'x' WHERE id = $1`,
		`UPDATE alumni.contact SET address = 'x@mail.example' WHERE member_id = $1`,
	} {
		_, err := w.store.Pool(naming.RolePortal).Exec(t.Context(), sql, viewer.Member)
		w.Expect(err).To(MatchError(ContainSubstring("permission denied")), sql)
	}
}

func TestSigningInIsNoted(t *testing.T) {
	w := newWorld(t)
	viewer, _ := w.signedIn("hana@hoshino.example")
	w.Expect(w.value(`SELECT last_active_at = $2 FROM alumni.member WHERE id = $1`, viewer.Member, w.clock.Now())).To(Equal("true"))
	w.Expect(w.value(`SELECT verified_at = $2 FROM alumni.contact WHERE member_id = $1`, viewer.Member, w.clock.Now())).To(Equal("true"))
}

func TestJoiningNeedsTheNetworksConsentAndHidesEverything(t *testing.T) {
	w := newWorld(t)
	for _, state := range []community.State{community.StateListed, community.StateInvited} {
		member := w.person(state, string(state)+"@hoshino.example")
		token := w.link(member)

		_, err := w.portal.SignIn(t.Context(), token)
		w.Expect(code(err)).To(Equal(community.CodeJoinNeeded))
		_, err = w.portal.Join(t.Context(), token, choice(community.PurposeNewsletter))
		w.Expect(code(err)).To(Equal(community.CodeInvalid))
		w.Expect(w.value(`SELECT count(*) FROM alumni.consent WHERE member_id = $1`, member)).To(Equal("0"))

		session, err := w.portal.Join(t.Context(), token, choice(community.PurposeNetwork, community.PurposeEvents))
		w.Expect(err).NotTo(HaveOccurred(), "a refused try must leave the link good")
		m, err := w.portal.Member(t.Context(), w.viewer(session))
		w.Expect(err).NotTo(HaveOccurred())
		w.Expect(m.State).To(Equal(community.StateActive))
		w.Expect(m.JoinedAt).To(BeTemporally("==", w.clock.Now()))
		w.Expect(m.Visibility).To(BeEmpty())
		w.Expect(w.value(`SELECT string_agg(purpose || decision || text_version || channel, ',' ORDER BY id) FROM alumni.consent WHERE member_id = $1`, member)).
			To(Equal("NetworkGiven" + wording + "Portal,EventsGiven" + wording + "Portal"))
	}
}

func TestASessionSlidesAndEndsInTheEnd(t *testing.T) {
	w := newWorld(t)
	_, idle := w.signedIn("idle@hoshino.example")
	_, used := w.signedIn("used@hoshino.example")
	authenticate := func(token string) community.Code {
		_, err := w.portal.Authenticate(t.Context(), token)
		return code(err)
	}
	for range 3 {
		w.clock.Advance(29 * 24 * time.Hour)
		w.Expect(authenticate(used)).To(BeEmpty())
	}
	w.Expect(authenticate(idle)).To(Equal(community.CodeUnauthenticated), "unused for 30 days")
	w.clock.Advance(3*24*time.Hour + time.Second)
	w.Expect(authenticate(used)).To(Equal(community.CodeUnauthenticated), "older than 90 days")
	w.Expect(authenticate("")).To(Equal(community.CodeUnauthenticated))
	w.Expect(authenticate("made up")).To(Equal(community.CodeUnauthenticated))
}

func TestASessionIsNotWrittenForEveryPageAndWaitsForNobody(t *testing.T) {
	w := newWorld(t)
	viewer, session := w.signedIn("hana@hoshino.example")
	version := func(table string) string {
		return w.value(`SELECT xmin FROM alumni.` + table + ` LIMIT 1`)
	}
	s, m := version("session"), version("member")
	w.clock.Advance(4 * time.Minute)
	w.viewer(session)
	w.Expect([]string{version("session"), version("member")}).To(Equal([]string{s, m}))

	holder, err := w.admin.Begin(t.Context())
	w.Expect(err).NotTo(HaveOccurred())
	_, err = holder.Exec(t.Context(), `SELECT FROM alumni.member WHERE id = $1 FOR UPDATE`, viewer.Member)
	w.Expect(err).NotTo(HaveOccurred())
	w.clock.Advance(2 * time.Hour)
	w.viewer(session) // would hang if it waited
	w.Expect(holder.Rollback(t.Context())).To(Succeed())
	w.Expect(version("session")).NotTo(Equal(s))
	w.Expect(version("member")).To(Equal(m))

	w.clock.Advance(2 * time.Hour)
	w.viewer(session)
	w.Expect(version("member")).NotTo(Equal(m))
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	w := newWorld(t)
	first, token := w.signedIn("hana@hoshino.example")
	w.clock.Advance(time.Hour)
	session, err := w.portal.SignIn(t.Context(), w.link(first.Member))
	w.Expect(err).NotTo(HaveOccurred())
	second := w.viewer(session)

	sessions, err := w.portal.Sessions(t.Context(), second)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(sessions).To(HaveLen(2))
	w.Expect([]bool{sessions[0].Current, sessions[1].Current}).To(Equal([]bool{true, false}))

	w.Expect(w.portal.SignOut(t.Context(), second)).To(Succeed())
	_, err = w.portal.Authenticate(t.Context(), session)
	w.Expect(code(err)).To(Equal(community.CodeUnauthenticated))
	w.viewer(token)

	w.Expect(w.portal.SignOutEverywhere(t.Context(), first)).To(Succeed())
	_, err = w.portal.Authenticate(t.Context(), token)
	w.Expect(code(err)).To(Equal(community.CodeUnauthenticated))
}

func TestReadyNamesTheSchemaItNeeds(t *testing.T) {
	w := newWorld(t)
	w.exec(`UPDATE alumni.schema_migration SET is_applied = false`)
	w.Expect(w.portal.Ready(t.Context())).To(MatchError(ContainSubstring("the portal needs 31")))
	w.exec(`UPDATE alumni.schema_migration SET is_applied = true`)
	w.Expect(w.portal.Ready(t.Context())).To(Succeed())
}

func TestErrorsOfTheDatabaseQuoteNothing(t *testing.T) {
	w := newWorld(t)
	s := store.New(t)
	_, err := s.Admin().Exec(t.Context(), `REVOKE SELECT ON alumni.contact FROM `+s.Login(naming.RolePortal).Username)
	w.Expect(err).NotTo(HaveOccurred())
	err = portalOf(s, w.clock).QueueLink(t.Context(), "hana@hoshino.example", community.Japanese, netip.Addr{})
	w.Expect(err).To(MatchError("Internal (error.internal): queue a sign-in link: SQLSTATE 42501"))
}
