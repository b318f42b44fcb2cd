// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"golang.org/x/net/html"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/portal/i18n"
	"github.com/alumni-operator/alumni-operator/internal/survey"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

// everyAnswer asks for every page and every refusal that the portal has.
func everyAnswer(w *portaltest.World, site *portaltest.Site, language string) map[string]portaltest.Answer {
	guest, member := site.Browser(), site.Browser()
	guest.Language, member.Language = language, language
	person := w.Person(community.StateActive)
	invited := w.Person(community.StateInvited)
	all := map[string]portaltest.Answer{}
	get := func(b *portaltest.Browser, path string) { all["GET "+path] = b.Get(path) }
	for _, path := range []string{"/", "/privacy", "/sign-in", "/sign-in/sent", "/healthz", "/readyz", "/robots.txt", "/nowhere", "/assets/none.css", "/sign-in/none", "/u/none", "/me", "/me/../privacy"} {
		get(guest, path)
	}
	guest.Post("/sign-in", "address", invited.Address)
	all["join"] = guest.Get("/sign-in/" + w.AwaitMail(invited.Address, 1).Token())
	all["wrong method"] = guest.Post("/privacy")
	all["wrong address"] = guest.Post("/sign-in", "address", "hana")
	token := w.Tokens.Token(unsubscribe.Claim{Member: invited.ID, Purpose: "Jobs"})
	all["unsubscribe"] = guest.Get("/u/" + token)
	all["unsubscribed"] = guest.Post("/u/"+token, "stop", "all")
	asks := func(name, anonymity string) string { return surveyLink(w, name+language, questions(anonymity), person) }
	anonymous, named := asks("anonymous-", ""), asks("named-", survey.Named)
	all["survey"], all["named survey"] = guest.Get(anonymous+"?lang="+language), guest.Get(named)
	all["wrong answers"] = guest.Post(anonymous, "q-mood", "9", "q-words", strings.Repeat("x", survey.MaxText+1))
	all["answers"] = guest.Post(anonymous, "q-back", "yes", "q-mood", "5")
	all["answered"] = guest.Get(anonymous)
	all["survey that is named now"] = guest.Post(named, "q-back", "yes", "q-mood", "5")
	w.Exec(`UPDATE alumni.survey SET closes_at = now() - interval '1 day' WHERE campaign_uid = $1`, "named-"+language)
	all["survey closed"] = guest.Get(named)
	all["survey of a test mail"] = guest.Get(survey.Path + w.Surveys.Token(survey.Claim{}))
	foreign := guest.Request(http.MethodPost, "/sign-in", nil)
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	all["forged"] = guest.Do(foreign)

	guest.Post("/sign-in", "address", person.Address)
	all["link"] = guest.Get("/sign-in/" + w.AwaitMail(person.Address, 1).Token())
	all["signed in"] = member.SignIn(w, person)
	all["no notices"] = member.Get("/notices")
	notice := w.Notice(w.Run("notice-"+language), person, "ja", "秋の集い", `<h1>秋の集い</h1><p><a href="https://x.example">詳細</a> <img src="https://x.example/a.png" alt="会場"></p>`)
	all["unread notices"] = member.Get("/notices")
	all["notice"] = member.Get(fmt.Sprintf("/notices/%d", notice))
	for _, page := range []string{"/notices", "/notices?before=1", "/home", "/notices/0", "/notices/x", "/me", "/me/profile", "/me/preview", "/me/preview?as=Employees", "/me/consents", "/me/pause", "/me/line", "/me/address", "/me/address/none", "/me/data", "/me/sessions", "/me/leave", "/me/leave/confirm"} {
		all["member "+page] = member.Get(page)
	}
	for name, a := range feedAnswers(w, site, member, language) {
		all["feed "+name] = a
	}
	all["wrong new address"] = member.Post("/me/address", "act", "ask", "address", "hana")
	all["new address"] = member.Post("/me/address", "act", "ask", "address", "new-"+language+"@mail.example")
	all["address waiting"] = member.Get("/me/address?done=addressAsked")
	all["address to confirm"] = member.Get(addressLink.FindString(w.AwaitMail("new-"+language+"@mail.example", 1).Text))
	all["line code"] = member.Post("/me/line", "act", "code")
	all["line waiting"] = member.Get("/me/line")
	all["line events forged"] = guest.PostLINE("{}", "x")
	code := lineCode.FindString(all["line code"].Body)
	user := lineUser(person)
	all["line events"] = guest.LINE(portaltest.LINEEvent{Kind: "message", User: user, Text: code, At: w.Clock.Now()})
	all["line linked"] = member.Get("/me/line")
	guest.LINE(portaltest.LINEEvent{Kind: "unfollow", User: user, At: w.Clock.Now().Add(time.Minute)})
	all["line unfollowed"] = member.Get("/me")
	all["line unfollowed, in full"] = member.Get("/me/line")
	all["wrong profile"] = member.Post("/me/profile", "Locale", "ja", "Title", strings.Repeat("x", 300))
	all["wrong birthday"] = member.Post("/me/profile", "Locale", "ja", "BirthdayMonth", "2", "BirthdayDay", "30")
	all["wrong time zone"] = member.Post("/me/profile", "Locale", "ja", "TimeZone", "Mars/Olympus")
	all["wrong consents"] = member.Post("/me/consents", "wording", "old")
	eventAnswers(w, site, member, language, all)
	all["wrong pause"] = member.Post("/me/pause", "until", "x")
	member.Post("/me/pause", "act", "pause")
	all["paused"] = member.Get("/me")
	w.Exec(`INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'Email', 'HardBounce')`, person.ID)
	all["suppressed"] = member.Get("/me/consents")
	all["wrong leave"] = member.Post("/me/leave/confirm")
	all["left"] = member.Post("/me/leave/confirm", "understood", "yes")
	return all
}

// eventAnswers asks for every page of events, as the one who organises and the one who registers.
func eventAnswers(w *portaltest.World, site *portaltest.Site, member *portaltest.Browser, language string, all map[string]portaltest.Answer) {
	all["no events"] = member.Get("/events")
	all["none of mine"] = member.Get("/events?view=mine")
	all["none past"] = member.Get("/events?view=past")
	all["new event"] = member.Get("/events/new")
	all["wrong event"] = member.Post("/events/new", eventOf(w, "EventTitle", "")...)
	path := organised(member, w)
	guest, _ := signedIn(w, site)
	waits, _ := signedIn(w, site)
	guest.Language, waits.Language = language, language
	all["event to register for"] = guest.Get(path)
	guest.Post(path, "act", "register")
	all["event registered for"] = guest.Get(path)
	waits.Post(path, "act", "register")
	all["event waited for"] = waits.Get(path)
	all["events"] = waits.Get("/events?view=mine")
	all["own event"] = member.Get(path)
	all["edit event"] = member.Get(path + "/edit")
	all["event file"] = member.Get(path + "/event.ics")
	all["cancel event"] = member.Get(path + "/cancel")
	guest.Post(path, "act", "unregister")
	member.Post(path + "/cancel")
	all["event cancelled"] = waits.Get(path)
	all["event notices"] = waits.Get("/notices")
	all["event notice"] = waits.Get(regexp.MustCompile(`/notices/\d+`).FindString(all["event notices"].Body))
	draft := organised(member, w, "act", "draft")
	all["draft"] = member.Get(draft)
	all["edit draft"] = member.Get(draft + "/edit")
}

// untranslated finds keys of the catalogue in a text, by what they begin with.
func untranslated(t *testing.T) *regexp.Regexp {
	t.Helper()
	catalogue, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	var begins []string
	for _, key := range catalogue.Keys(community.English) {
		begin, _, _ := strings.Cut(key, ".")
		begins = append(begins, begin)
	}
	slices.Sort(begins)
	return regexp.MustCompile(`\b(` + strings.Join(slices.Compact(begins), "|") + `)\.[A-Za-z]`)
}

func TestEveryAnswerInEveryLanguage(t *testing.T) {
	w := portaltest.New(t)
	w.Network.Operator.Contact = "https://hoshino-foods.example/contact"
	w.WithLINE()
	site, keys := w.Serve(), untranslated(t)
	for _, language := range []string{"ja", "en"} {
		for name, a := range everyAnswer(w, site, language) {
			t.Run(language+" "+name, func(t *testing.T) {
				g := NewWithT(t)
				h := a.Header
				g.Expect(h.Get("Content-Security-Policy")).To(And(HavePrefix("default-src 'none'"), ContainSubstring("frame-ancestors 'none'"), Not(ContainSubstring("unsafe"))))
				g.Expect(h.Get("Strict-Transport-Security")).To(ContainSubstring("max-age="))
				g.Expect(h.Get("X-Content-Type-Options")).To(Equal("nosniff"))
				g.Expect(h.Get("Referrer-Policy")).To(Equal("same-origin"))
				g.Expect(h.Get("Permissions-Policy")).To(ContainSubstring("camera=()"))
				g.Expect(h.Get("Cross-Origin-Opener-Policy")).To(Equal("same-origin"))
				g.Expect(h.Get("X-Request-Id")).NotTo(BeEmpty())
				g.Expect(h.Get("Cache-Control")).NotTo(BeEmpty())
				if name != "GET /" {
					g.Expect(h.Get("X-Robots-Tag")).To(ContainSubstring("noindex"))
				} else {
					g.Expect(h.Get("X-Robots-Tag")).To(BeEmpty(), "leavers must find the network years later")
				}
				g.Expect(a.Status).To(BeNumerically("<", 500))
				if strings.HasPrefix(h.Get("Content-Type"), "text/html") && a.Location == "" {
					checkPage(g, keys, a.Body, language)
				}
			})
		}
	}
}

// checkPage reads a page as a browser does.
func checkPage(g *WithT, keys *regexp.Regexp, body, language string) {
	root, err := html.Parse(strings.NewReader(body))
	g.Expect(err).NotTo(HaveOccurred())
	count, ids, labels, inputs := map[string]int{}, map[string]int{}, map[string]bool{}, []string{}
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" {
			text := strings.ReplaceAll(n.Data, "mail.example", "")
			g.Expect(text).NotTo(MatchRegexp(keys.String()), "a key is shown instead of its text")
		}
		if n.Type != html.ElementNode {
			continue
		}
		count[n.Data]++
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
			g.Expect(a.Key).NotTo(HavePrefix("on"), "no script")
			g.Expect(a.Key).NotTo(Equal("style"), "the policy forbids it")
		}
		if id := attr["id"]; id != "" {
			ids[id]++
		}
		switch {
		case n.Data == "html":
			g.Expect(attr["lang"]).To(Equal(language))
		case n.Data == "label":
			labels[attr["for"]] = true
		case n.Data == "select", n.Data == "textarea", n.Data == "input" && attr["type"] != "hidden":
			inputs = append(inputs, attr["id"])
		case n.Data == "form":
			g.Expect(attr["action"]).To(HavePrefix("/"))
		}
	}
	for _, tag := range []string{"h1", "main", "header", "footer", "title"} {
		g.Expect(count[tag]).To(Equal(1), tag)
	}
	g.Expect(count["script"]).To(BeZero())
	for _, id := range inputs {
		g.Expect(labels[id]).To(BeTrue(), "the input %q has no label", id)
	}
	for id, n := range ids {
		g.Expect(n).To(Equal(1), "the id %q is there more than once", id)
	}
}

func TestEveryTemplateIsShownByTheTestAbove(t *testing.T) {
	g := NewWithT(t)
	entries, err := os.ReadDir("templates")
	g.Expect(err).NotTo(HaveOccurred())
	w := portaltest.New(t)
	w.WithLINE()
	shown := map[string]bool{"base": true}
	class := regexp.MustCompile(`class="wrap page-(\w+)"`)
	answers, trial := everyAnswer(w, w.Serve(), "ja"), rehearsal(t)
	for name, a := range trialAnswers(trial, trial.Serve(), "ja") {
		answers["trial "+name] = a
	}
	staffed := office(t)
	for name, a := range consoleAnswers(staffed, staffed.Serve(), "ja") {
		answers["console "+name] = a
	}
	for _, a := range answers {
		if m := class.FindStringSubmatch(a.Body); m != nil {
			shown[m[1]] = true
		}
	}
	for _, e := range entries {
		g.Expect(shown).To(HaveKey(strings.TrimSuffix(e.Name(), ".html")))
	}
}

func TestTheLandingPageIsFindable(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	w.Network.Description = "元社員の会です。\n<b>ようこそ</b>"
	site := w.Serve()
	b := site.Browser()
	a := b.Get("/")
	g.Expect(a.Body).To(And(ContainSubstring("元社員の会です。"), ContainSubstring("&lt;b&gt;ようこそ"), ContainSubstring("株式会社ほしの食品"),
		ContainSubstring("星野町1-2-3"), ContainSubstring("mailto:alumni@hoshino-foods.example"), ContainSubstring("Coming back"), ContainSubstring(`<link rel="canonical"`)))
	g.Expect(b.Get("/robots.txt").Body).To(And(ContainSubstring("Allow: /$"), ContainSubstring("Disallow: /\n")))
	asset := regexp.MustCompile(`/assets/style\.[0-9a-f]+\.css`).FindString(a.Body)
	css := b.Get(asset)
	g.Expect([]any{css.Status, css.Header.Get("Content-Type"), css.Header.Get("Cache-Control")}).To(Equal([]any{200, "text/css; charset=utf-8", "public, max-age=31536000, immutable"}))

	w.Store.Admin().Reset()
	w.Exec(`ALTER ROLE ` + w.Store.Login("portal").Username + ` NOLOGIN`)
	w.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1`, w.Store.Login("portal").Username)
	g.Expect(b.Get("/").Status).To(Equal(200), "the landing page needs no store")
	w.Exec(`ALTER ROLE ` + w.Store.Login("portal").Username + ` LOGIN`)
}

func TestTheLanguageIsChosenAndKept(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	b := site.Browser()
	b.Language = "fr"
	g.Expect(b.Get("/").Body).To(And(ContainSubstring(`<html lang="ja">`), ContainSubstring(`href="/?lang=en"`)), "the network's own")
	a := b.Get("/?lang=en")
	g.Expect(a.Body).To(ContainSubstring(`<html lang="en">`))
	g.Expect(a.Cookies).To(HaveLen(1))
	g.Expect(a.Header.Get("Content-Language")).To(Equal("en"))
	g.Expect(b.Get("/privacy").Body).To(ContainSubstring(`<html lang="en">`))
	g.Expect(b.Get("/me/preview?as=Staff&lang=ja").Status).To(Equal(303))
	b.SignIn(w, w.Person(community.StateActive))
	g.Expect(b.Get("/me/preview?as=Staff").Body).To(ContainSubstring(`href="/me/preview?as=Staff&amp;lang=en"`), "the switch keeps the rest of the address")
	g.Expect(w.SMTP.Messages()).To(HaveLen(1))
}

func TestThePortalWithoutASenderSaysSo(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	w.Network.Email = nil
	b := w.Serve().Browser()
	g.Expect(b.Get("/sign-in").Body).To(And(ContainSubstring("not possible at the moment"), Not(ContainSubstring("<input"))))
	g.Expect(b.Post("/sign-in", "address", "hana@hoshino.example").Status).To(Equal(503))
}

func TestReadinessFollowsTheStore(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	b := site.Browser()
	g.Expect(b.Get("/readyz").Status).To(Equal(200))
	w.Exec(`REVOKE SELECT ON alumni.schema_migration FROM ` + w.Store.Login("portal").Username)
	g.Expect(b.Get("/readyz").Status).To(Equal(200), "the answer is kept for a moment")
	w.Clock.Advance(3 * time.Second)
	g.Expect(b.Get("/readyz").Status).To(Equal(503))
	g.Expect(b.Get("/healthz").Status).To(Equal(200), "the process is well: restarting it would not help")
	w.Exec(`GRANT SELECT ON alumni.schema_migration TO ` + w.Store.Login("portal").Username)
	w.Clock.Advance(3 * time.Second)
	g.Expect(b.Get("/readyz").Status).To(Equal(200))

	site.Server.Drain()
	a := b.Get("/readyz")
	g.Expect(a.Status).To(Equal(503))
	g.Expect(b.Get("/").Status).To(Equal(200), "those who come all the same are served")
}

func TestFaultsOfOursAreToldWithANumber(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := w.Serve().Browser()
	b.SignIn(w, w.Person(community.StateActive))
	w.Exec(`ALTER TABLE alumni.visibility RENAME TO hidden`)
	a := b.Get("/me")
	g.Expect(a.Status).To(Equal(500))
	id := a.Header.Get("X-Request-Id")
	g.Expect(a.Body).To(And(ContainSubstring("something went wrong"), ContainSubstring(id), Not(ContainSubstring("visibility"))))
	g.Expect(w.Log.String()).To(ContainSubstring(`"requestID":"` + id + `","route":"GET /me","error":"Internal (error.internal): read a member: SQLSTATE 42P01"`))
}
