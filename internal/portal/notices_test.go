// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

// numbered is the number of unread notices in the menu of a page.
func numbered(body string) string {
	found := regexp.MustCompile(`<span class="count">(\d+)<`).FindStringSubmatch(body)
	if found == nil {
		return ""
	}
	return found[1]
}

func TestAMemberReadsNoticesAndSeesWhatIsNew(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b, person := w.Serve().Browser(), w.Person(community.StateActive)
	b.SignIn(w, person)
	g.Expect(b.Get("/notices").Body).To(ContainSubstring("There are no notices."))
	g.Expect(numbered(b.Get("/me").Body)).To(BeEmpty())

	first := w.Notice(w.Run("a"), person, "en", "Autumn <news>", "<h2>The hall</h2><p>It is open.</p>")
	w.Notice(w.Run("b"), person, "ja", "忘年会", "<p>本文</p>")
	me := b.Get("/me").Body
	g.Expect([]any{numbered(me), strings.Contains(me, "Notices you have not read: 2")}).To(Equal([]any{"2", true}))
	list := b.Get("/notices").Body
	g.Expect(strings.Index(list, "忘年会")).To(And(BeNumerically(">", 0), BeNumerically("<", strings.Index(list, "Autumn &lt;news&gt;"))), "the newest first")
	g.Expect(strings.Count(list, ">New<")).To(Equal(2))
	g.Expect(b.Get("/notices?lang=ja").Body).To(And(ContainSubstring(">未読<"), ContainSubstring(`lang="ja">忘年会`)))

	open := b.Get(fmt.Sprintf("/notices/%d?lang=en", first))
	g.Expect(open.Body).To(And(ContainSubstring(`<h1 lang="en">Autumn &lt;news&gt;</h1>`), ContainSubstring("<h3>The hall</h3><p>It is open.</p>")))
	g.Expect(numbered(open.Body)).To(Equal("1"), "the one that is open is read")
	seen := w.Value(`SELECT seen_at FROM alumni.notice WHERE id = $1`, first)
	g.Expect(seen).NotTo(BeEmpty())
	b.Get(fmt.Sprintf("/notices/%d", first))
	g.Expect(w.Value(`SELECT seen_at FROM alumni.notice WHERE id = $1`, first)).To(Equal(seen), "the first time counts")
	g.Expect(strings.Count(b.Get("/notices").Body, ">New<")).To(Equal(1))
}

func TestNoticesOfOthersDoNotExist(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	b, guest := site.Browser(), site.Browser()
	b.SignIn(w, w.Person(community.StateActive))
	other := w.Notice(w.Run("a"), w.Person(community.StateActive), "en", "Private", "<p>words</p>")
	path := fmt.Sprintf("/notices/%d", other)
	a := b.Get(path)
	g.Expect(a.Status).To(Equal(404))
	g.Expect(a.Body).NotTo(Or(ContainSubstring("Private"), ContainSubstring("words")))
	g.Expect(b.Get("/notices").Body).NotTo(ContainSubstring("Private"))
	g.Expect([]string{guest.Get(path).Location, guest.Get("/notices").Location}).To(Equal([]string{"/sign-in", "/sign-in"}))
	for _, none := range []string{"0", "-1", "x", "99999999999999999999", "%00"} {
		g.Expect(b.Get("/notices/"+none).Status).To(Equal(404), none)
	}
	g.Expect(w.Value(`SELECT seen_at FROM alumni.notice WHERE id = $1`, other)).To(BeEmpty())
}

// Whatever came into the store, a page of the portal runs and loads nothing of it.
func TestANoticeCanDoNothing(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b, person := w.Serve().Browser(), w.Person(community.StateActive)
	b.SignIn(w, person)
	id := w.Notice(w.Run("a"), person, "en", "T", `<p onclick="x()">A<script>alert(1)</script><img src="https://x.example/me.png" alt="The hall">`+
		`<a href="javascript:x()">B</a></p><form action="/me/leave/confirm" method="post"><button>C</button></form></main>`)
	a := b.Get(fmt.Sprintf("/notices/%d", id))
	g.Expect(a.Header.Get("Content-Security-Policy")).To(And(HavePrefix("default-src 'none'"), ContainSubstring("img-src 'self'")))
	_, main, _ := strings.Cut(a.Body, "<main")
	main, _, _ = strings.Cut(main, "</main>")
	g.Expect(main).To(ContainSubstring(`<div class="card message" lang="en"><p>AThe hallB</p>C</div>`))
}

func TestTheListOfNoticesGoesOn(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b, person := w.Serve().Browser(), w.Person(community.StateActive)
	w.Exec(`INSERT INTO alumni.notice (run_id, recipient_id, locale, title, body) SELECT n, $1, 'en', 'no ' || n, '' FROM generate_series(1, 45) n`, person.ID)
	b.SignIn(w, person)
	path, pages := "/notices", []string{}
	for path != "" {
		body := b.Get(path).Body
		titles := regexp.MustCompile(`>no (\d+)<`).FindAllStringSubmatch(body, -1)
		pages = append(pages, fmt.Sprintf("%s-%s", titles[0][1], titles[len(titles)-1][1]))
		path = ""
		if older := regexp.MustCompile(`href="(/notices\?before=\d+)"`).FindStringSubmatch(body); older != nil {
			path = older[1]
		}
	}
	g.Expect(pages).To(Equal([]string{"45-26", "25-6", "5-1"}))
}
