// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

func TestSomebodyInvitedJoinsChoosesAndLeaves(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	b := site.Browser()
	person := w.Person(community.StateInvited)

	// The link is asked for, and opened: the page explains and asks, and nothing is ticked.
	a := b.Post("/sign-in", "address", " "+strings.ToUpper(person.Address[:3])+person.Address[3:])
	g.Expect([]any{a.Status, a.Location}).To(Equal([]any{303, "/sign-in/sent"}))
	g.Expect(b.Get("/sign-in/sent").Body).To(ContainSubstring("Check your mail"))
	link := "/sign-in/" + w.AwaitMail(person.Address, 1).Token()
	for range 3 { // scanners open links
		a = b.Get(link)
		g.Expect(a.Status).To(Equal(200))
		g.Expect(a.Body).To(And(ContainSubstring("no promise of a job"), ContainSubstring("every field is hidden"), Not(ContainSubstring(" checked"))))
		g.Expect(a.Body).NotTo(ContainSubstring("星野"), "whoever holds the link must not read the name before joining")
	}

	// Without the needed consent nothing happens; with it the person is in.
	a = b.Post(link, "wording", "2026-12/en", "purpose", "Jobs")
	g.Expect(a.Status).To(Equal(422))
	g.Expect(a.Body).To(And(ContainSubstring("we need your consent"), ContainSubstring(`value="Jobs" checked`)))
	a = b.Post(link, "wording", "2025-01/en", "purpose", "Network")
	g.Expect([]any{a.Status, strings.Contains(a.Body, "wording has changed")}).To(Equal([]any{422, true}))
	a = b.Post(link, "wording", "2026-12/en", "purpose", "Network", "purpose", "Jobs")
	g.Expect([]any{a.Status, a.Location}).To(Equal([]any{303, "/me?done=welcome"}))
	g.Expect(b.Get("/me?done=welcome").Body).To(And(ContainSubstring("Thank you for joining"), ContainSubstring("星野 花子"), ContainSubstring("商品開発部"), Not(ContainSubstring("転職"))))
	g.Expect(w.Value(`SELECT string_agg(purpose || text_version, ' ' ORDER BY id) FROM alumni.consent WHERE member_id = $1`, person.ID)).
		To(Equal("Network2026-12/en Jobs2026-12/en"))

	// Everything is hidden until the member shows it.
	g.Expect(b.Get("/me/preview?as=Employees").Body).To(And(ContainSubstring("They see nothing of you"), Not(ContainSubstring("星野"))))
	a = b.Post("/me/profile", "Locale", "en", "Region", "Kyoto", "Skills", "Fermentation, Quality", "About", "Hello <b>there</b>",
		"visible.Name", "Alumni", "visible.Skills", "Employees", "visible.Region", "Staff")
	g.Expect([]any{a.Status, a.Location}).To(Equal([]any{303, "/me?done=saved"}))
	g.Expect(b.Get("/me").Body).To(And(ContainSubstring("Kyoto"), ContainSubstring("Hello &lt;b&gt;there")))
	g.Expect(b.Get("/me/preview?as=Employees").Body).To(And(ContainSubstring("Fermentation"), Not(ContainSubstring("星野")), Not(ContainSubstring("Kyoto"))))
	g.Expect(b.Get("/me/preview?as=Alumni").Body).To(And(ContainSubstring("Fermentation"), ContainSubstring("星野"), Not(ContainSubstring("Kyoto"))))
	g.Expect(b.Get("/me/preview?as=Staff").Body).To(And(ContainSubstring("星野"), ContainSubstring("Kyoto"), Not(ContainSubstring("Hello"))))

	// Consents.
	a = b.Post("/me/consents", "wording", "2026-12/en", "purpose", "Newsletter")
	g.Expect(a.Location).To(Equal("/me/consents?done=saved"))
	g.Expect(w.Value(`SELECT string_agg(purpose || decision, ' ' ORDER BY purpose) FROM alumni.consent_state WHERE member_id = $1`, person.ID)).
		To(Equal("JobsWithdrawn NetworkGiven NewsletterGiven"))

	// Distance mode.
	until := w.Clock.Now().In(time.FixedZone("JST", 9*3600)).AddDate(0, 1, 0)
	g.Expect(b.Post("/me/pause", "act", "pause", "until", "2020-01-01").Status).To(Equal(422))
	g.Expect(b.Post("/me/pause", "act", "pause", "until", "soon").Status).To(Equal(422))
	g.Expect(b.Post("/me/pause", "act", "pause", "until", until.Format(time.DateOnly)).Location).To(Equal("/me/pause?done=paused"))
	g.Expect(b.Get("/me").Body).To(ContainSubstring("starts again on " + until.Format("2 January 2006")))
	g.Expect(w.Value(`SELECT to_char(paused_until AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM-DD HH24:MI') FROM alumni.member WHERE id = $1`, person.ID)).
		To(Equal(until.Format(time.DateOnly) + " 00:00"))
	g.Expect(b.Post("/me/pause", "act", "resume").Location).To(Equal("/me/pause?done=resumed"))

	// Leaving.
	g.Expect(b.Get("/me/leave").Body).To(And(ContainSubstring("Within 24 hours"), ContainSubstring("This cannot be undone")))
	g.Expect(b.Post("/me/leave/confirm").Status).To(Equal(422))
	a = b.Post("/me/leave/confirm", "understood", "yes")
	g.Expect(a.Status).To(Equal(200))
	request := w.Value(`SELECT id FROM alumni.erasure_request WHERE member_id = $1`, person.ID)
	g.Expect(a.Body).To(And(ContainSubstring(request), ContainSubstring("at the latest by")))
	receipt := w.AwaitMail(person.Address, 2)
	g.Expect(receipt.Text).To(And(ContainSubstring(request), ContainSubstring("at the latest by")))
	g.Expect(receipt.HTML).To(ContainSubstring(request))
	g.Expect(b.Get("/me").Location).To(Equal("/sign-in"), "the cookie is gone")
	g.Expect(w.Value(`SELECT state FROM alumni.member WHERE id = $1`, person.ID)).To(Equal("Withdrawn"))

	// Somebody who left is answered like anybody, and gets nothing.
	g.Expect(b.Post("/sign-in", "address", person.Address).Status).To(Equal(http.StatusSeeOther))
}
