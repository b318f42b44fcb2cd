// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
	"github.com/alumni-operator/alumni-operator/internal/tracking"
)

const shop = "https://shop.example/a?b=1&c=2#d"

// person is a browser as people use it.
func person(site *portaltest.Site) *portaltest.Browser {
	b := site.Browser()
	b.Header = http.Header{"User-Agent": {"Mozilla/5.0 (iPhone) Safari/605"}, "Sec-Fetch-Mode": {"navigate"}}
	return b
}

// clickPath is the address of a link in a mail, with a reader or for nobody in particular.
func clickPath(w *portaltest.World, l tracking.Link, reader uuid.UUID) string {
	before, after, _ := w.Tracker.Link("", l)
	if reader != uuid.Nil {
		before += "/" + w.Tracker.Reader(tracking.Reader{Member: reader, Run: l.Run})
	}
	return before + after
}

func counts(w *portaltest.World) string {
	return w.Value(`SELECT string_agg(kind || ' ' || link || ' ' || variant || ' ' || count || ' ' || machine, ', ' ORDER BY kind, link, variant) FROM alumni.tracking_count`)
}

func TestALinkLeadsWhereItSaidAndIsCounted(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := person(w.Serve())
	link := tracking.Link{Run: w.Run("news-1"), Number: 2, Variant: "b", Target: shop}
	for range 3 {
		a := b.Get(clickPath(w, link, uuid.Nil))
		g.Expect(a.Status).To(Equal(http.StatusSeeOther))
		g.Expect(a.Location).To(Equal(shop))
		g.Expect(a.Header.Get("Referrer-Policy")).To(Equal("no-referrer"), "nobody learns the address of the mail")
		g.Expect(a.Header.Get("Cache-Control")).To(Equal("no-store"))
	}
	g.Expect(counts(w)).To(Equal("Click 2 b 3 0"))
	g.Expect(w.Value("SELECT count(*) FROM alumni.tracking_event")).To(Equal("0"))
}

func TestALinkThatIsNotOursLeadsNowhere(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := person(w.Serve())
	link := tracking.Link{Run: w.Run("news-1"), Number: 1, Target: shop}
	good := clickPath(w, link, uuid.Nil)
	path, _, _ := strings.Cut(good, "?")
	other := w.Tracker.Reader(tracking.Reader{Member: w.Person(community.StateActive).ID, Run: link.Run + 1})
	for name, forged := range map[string]string{
		"another target":               path + "?to=" + url.QueryEscape("https://evil.example"),
		"no target":                    path,
		"a changed link":               strings.Replace(good, "/c/A", "/c/B", 1),
		"a link of nothing":            "/c/x?to=" + url.QueryEscape(shop),
		"a reader who is none":         path + "/x?to=" + url.QueryEscape(shop),
		"a reader of another mail":     path + "/" + other + "?to=" + url.QueryEscape(shop),
		"an image that is no reader's": "/o/x",
	} {
		a := b.Get(forged)
		g.Expect(a.Status).To(Equal(http.StatusNotFound), name)
		g.Expect(a.Location).To(BeEmpty(), name)
	}
	g.Expect(counts(w)).To(BeEmpty())
}

func TestWhatMembersFollowIsNotedOnceAndOnlyWhileTheyConsent(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	p, run := w.Person(community.StateActive), w.Run("news-1")
	path := clickPath(w, tracking.Link{Run: run, Number: 1, Target: shop}, p.ID)
	image := "/o/" + w.Tracker.Reader(tracking.Reader{Member: p.ID, Run: run})
	b, me := person(site), site.Browser()
	me.SignIn(w, p)
	noted := func() string {
		return w.Value("SELECT string_agg(kind || ' ' || link, ', ' ORDER BY kind) FROM alumni.tracking_event WHERE recipient_id = $1 AND run_id = $2", p.ID, run)
	}
	look := func() portaltest.Answer {
		g.Expect(b.Get(path).Location).To(Equal(shop))
		return b.Get(image)
	}

	look()
	g.Expect(noted()).To(BeEmpty(), "without a consent nothing is noted, whatever the address says")
	g.Expect(counts(w)).To(Equal("Click 1  1 0"))

	g.Expect(me.Post("/me/consents", "wording", "2026-12/en", "purpose", "Tracking").Status).To(Equal(http.StatusSeeOther))
	look()
	a := look()
	g.Expect(a.Status).To(Equal(http.StatusOK))
	g.Expect(a.Header.Get("Content-Type")).To(Equal("image/gif"))
	g.Expect(a.Header.Get("Cross-Origin-Resource-Policy")).To(Equal("cross-origin"), "it stands in web mail")
	g.Expect(noted()).To(Equal("Click 1, Open 0"))
	g.Expect(counts(w)).To(Equal("Click 1  2 0, Open 0  1 0"), "a member counts once")

	g.Expect(me.Post("/me/consents", "wording", "2026-12/en").Status).To(Equal(http.StatusSeeOther))
	g.Expect(noted()).To(BeEmpty(), "what was noted goes with the consent")
	look()
	g.Expect(noted()).To(BeEmpty())
	g.Expect(counts(w)).To(Equal("Click 1  3 0, Open 0  1 0"))
	g.Expect(w.Value("SELECT decision FROM alumni.consent_state WHERE member_id = $1 AND purpose = 'Network'", p.ID)).To(Equal("Given"), "apart from all other consents")
}

func TestStoppingAllMailLeavesTheConsentToTrackingAlone(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	p := w.Person(community.StateActive)
	viewer := community.Viewer{Member: p.ID}
	g.Expect(site.Portal.Decide(t.Context(), viewer, community.Choice{TextVersion: "1", Give: map[community.Purpose]bool{"Tracking": true, "Newsletter": true}})).To(Succeed())
	_, err := site.Portal.Unsubscribe(t.Context(), community.Unsubscription{Member: p.ID, Purpose: "Newsletter", Run: w.Run("news-1"), All: true})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(w.Value("SELECT string_agg(purpose, ' ' ORDER BY purpose) FROM alumni.consent_state WHERE member_id = $1 AND decision = 'Given'", p.ID)).To(Equal("Network Tracking"))
}

func TestProgramsThatLookAtLinksAreNotCountedAsPeople(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	p := w.Person(community.StateActive)
	w.Exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) VALUES ($1, 'Tracking', 'Given', '1', 'Portal', 'portal', now())`, p.ID)
	run := w.Run("news-1")
	path := clickPath(w, tracking.Link{Run: run, Number: 1, Target: shop}, p.ID)
	scanner := person(site)
	scanner.Header.Set("User-Agent", "BarracudaLinkScanner/1.0")
	ahead := person(site)
	ahead.Header.Set("Sec-Purpose", "prefetch")
	g.Expect(scanner.Get(path).Location).To(Equal(shop), "a scanner may look where it leads")
	g.Expect(ahead.Get(path).Location).To(Equal(shop))
	head := person(site)
	g.Expect(head.Do(head.Request(http.MethodHead, path, nil)).Location).To(Equal(shop))
	g.Expect(ahead.Get("/o/" + w.Tracker.Reader(tracking.Reader{Member: p.ID, Run: run})).Status).To(Equal(http.StatusOK))
	g.Expect(counts(w)).To(Equal("Click 1  0 3, Open 0  0 1"))
	g.Expect(w.Value("SELECT count(*) FROM alumni.tracking_event")).To(Equal("0"))
	g.Expect(w.Log.String()).NotTo(Or(ContainSubstring("shop.example"), ContainSubstring("Barracuda")))
}

func TestALinkLeadsOnThoughNothingCanBeCounted(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := person(w.Serve())
	link := tracking.Link{Run: w.Run("news-1"), Number: 1, Target: shop}
	w.Exec("REVOKE ALL ON alumni.tracking_count FROM PUBLIC; ALTER TABLE alumni.tracking_count RENAME TO tracking_count_away")
	g.Expect(b.Get(clickPath(w, link, uuid.Nil)).Location).To(Equal(shop))
	w.Exec("ALTER TABLE alumni.tracking_count_away RENAME TO tracking_count")
	link.Run = 424242 // of a store that was restored from an older backup
	g.Expect(b.Get(clickPath(w, link, w.Person(community.StateActive).ID)).Location).To(Equal(shop))
	g.Expect(counts(w)).To(BeEmpty())
}

func TestLinksOfMailsAreFollowedAsOftenAsAnOfficeDoesAndNoMore(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := person(w.Serve())
	path := clickPath(w, tracking.Link{Run: w.Run("news-1"), Number: 1, Target: shop}, uuid.Nil)
	refused := 0
	for range 600 {
		if b.Get(path).Status == http.StatusTooManyRequests {
			refused++
		}
	}
	g.Expect(refused).To(BeNumerically(">", 0))
	g.Expect(refused).To(BeNumerically("<", 401))
}
