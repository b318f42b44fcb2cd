// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

// lineCode is a code as a page shows it.
var lineCode = regexp.MustCompile(`[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}`)

// lineUser is what LINE calls somebody.
func lineUser(p portaltest.Person) string { return "U" + strings.ReplaceAll(p.ID.String(), "-", "") }

// linker is a world with a LINE account, and LINE.
type linker struct {
	*portaltest.World
	*WithT
	site *portaltest.Site
	line *portaltest.Browser
}

func newLinker(t *testing.T) *linker {
	t.Helper()
	w := portaltest.New(t)
	w.WithLINE()
	site := w.Serve()
	return &linker{World: w, WithT: NewWithT(t), site: site, line: site.Browser()}
}

// member is somebody who is signed in.
func (l *linker) member() (portaltest.Person, *portaltest.Browser) {
	p, b := l.Person(community.StateActive), l.site.Browser()
	b.SignIn(l.World, p)
	return p, b
}

func (l *linker) code(b *portaltest.Browser) string {
	code := lineCode.FindString(b.Post("/me/line", "act", "code").Body)
	l.Expect(code).NotTo(BeEmpty())
	return code
}

// tell lets a user do something in LINE now.
func (l *linker) tell(kind, user, text string) int {
	return l.line.LINE(portaltest.LINEEvent{Kind: kind, User: user, Text: text, At: l.Clock.Now()}).Status
}

// linked is the account to which a member is linked, and as which messages go out.
func (l *linker) linked(p portaltest.Person) string {
	user := l.Value(`SELECT user_id FROM alumni.line_link WHERE recipient_id = $1`, p.ID)
	l.Expect(l.Value(`SELECT address FROM alumni.contact WHERE member_id = $1 AND channel = 'LINE'`, p.ID)).To(Equal(user))
	return user
}

func (l *linker) suppressed(p portaltest.Person) string {
	return l.Value(`SELECT reason FROM alumni.suppression WHERE member_id = $1 AND channel = 'LINE'`, p.ID)
}

func TestAMemberLinksLINEAndUnlinksIt(t *testing.T) {
	l := newLinker(t)
	p, b := l.member()
	l.Expect(b.Get("/me").Body).To(And(ContainSubstring("<h2>LINE</h2>"), ContainSubstring("Link LINE")))
	l.Expect(b.Get("/me/line").Body).To(And(ContainSubstring("LINE (LY Corporation) learns"), ContainSubstring("You can unlink at any time"), Not(ContainSubstring("line.me"))))

	a := b.Post("/me/line", "act", "code")
	code := lineCode.FindString(a.Body)
	l.Expect(a.Status).To(Equal(200))
	l.Expect(a.Body).To(ContainSubstring(`href="https://line.me/R/ti/p/%40hoshino-foods"`))
	l.Expect(b.Get("/me/line").Body).To(And(ContainSubstring("A code waits"), Not(ContainSubstring(code))), "it is on no other page")
	l.Expect(l.Value(`SELECT encode(code_hash, 'hex') || l::text FROM alumni.line_link l`)).NotTo(ContainSubstring(strings.ReplaceAll(code, "-", "")))

	l.Expect(l.tell("follow", lineUser(p), "")).To(Equal(200), "nobody is linked yet")
	l.Expect(l.tell("message", lineUser(p), "Hello, is anybody there?")).To(Equal(200))
	l.Expect(l.linked(p)).To(BeEmpty())
	l.Expect(l.tell("message", lineUser(p), code)).To(Equal(200))
	l.Expect(l.linked(p)).To(Equal(lineUser(p)))
	l.Expect(l.Value(`SELECT (code_hash IS NULL AND expires_at IS NULL AND linked_at IS NOT NULL)::text FROM alumni.line_link`)).To(Equal("true"))
	l.Expect(b.Get("/me/line").Body).To(And(ContainSubstring("has been linked since"), Not(ContainSubstring("make a code"))))
	l.Expect(b.Post("/me/line", "act", "code").Location).To(Equal("/me/line"), "somebody linked needs no code")
	l.Expect(b.Get("/me?lang=ja").Body).To(ContainSubstring("LINEアカウントと連携しています"))

	l.Expect(b.Post("/me/line", "act", "unlink").Location).To(Equal("/me/line?done=unlinked"))
	l.Expect(l.linked(p)).To(BeEmpty())
	l.Expect(l.tell("message", lineUser(p), code)).To(Equal(200))
	l.Expect(l.linked(p)).To(BeEmpty(), "a code works once")
}

func TestACodeIsReadAsPeopleWriteIt(t *testing.T) {
	l := newLinker(t)
	p, b := l.member()
	for name, write := range map[string]func(string) string{
		"as it is shown":  func(c string) string { return c },
		"in lower case":   strings.ToLower,
		"without hyphen":  func(c string) string { return strings.ReplaceAll(c, "-", "") },
		"with spaces":     func(c string) string { return " " + strings.ReplaceAll(c, "-", "　") + "\n" },
		"in full width":   fullWidth,
		"with long vowel": func(c string) string { return strings.ReplaceAll(c, "-", "ー") },
	} {
		l.tell("message", lineUser(p), write(l.code(b)))
		l.Expect(l.linked(p)).To(Equal(lineUser(p)), name)
		b.Post("/me/line", "act", "unlink")
	}
}

// fullWidth is how a Japanese keyboard writes it.
func fullWidth(code string) string {
	return strings.Map(func(r rune) rune { return r + 0xFEE0 }, code)
}

func TestWhatLinksNobody(t *testing.T) {
	l := newLinker(t)
	p, b := l.member()
	other, otherBrowser := l.member()
	l.tell("message", lineUser(other), l.code(otherBrowser))
	l.Expect(l.linked(other)).To(Equal(lineUser(other)))

	code := l.code(b)
	l.tell("message", lineUser(other), code)
	l.Expect([]string{l.linked(p), l.linked(other)}).To(Equal([]string{"", lineUser(other)}), "an account of somebody else's is refused")
	newer := l.code(b)
	l.tell("message", lineUser(p), code)
	l.Expect(l.linked(p)).To(BeEmpty(), "the code before is forgotten")
	l.Clock.Advance(community.LINECodeLifetime)
	l.tell("message", lineUser(p), newer)
	l.Expect(l.linked(p)).To(BeEmpty(), "the code is too old")
	l.Expect(l.site.Portal.Housekeep(t.Context())).To(Succeed())
	l.Expect(l.Value(`SELECT count(*) FROM alumni.line_link`)).To(Equal("1"), "and is no longer kept")
	l.Expect(l.linked(other)).To(Equal(lineUser(other)))

	code = l.code(b)
	b.Post("/me/leave/confirm", "understood", "yes")
	l.Expect(l.Value(`SELECT count(*) FROM alumni.line_link WHERE recipient_id = $1`, p.ID)).To(Equal("0"))
	l.tell("message", lineUser(p), code)
	l.Expect(l.linked(p)).To(BeEmpty(), "somebody who left")
}

func TestWhoLeavesIsUnlinkedAtOnce(t *testing.T) {
	l := newLinker(t)
	p, b := l.member()
	l.tell("message", lineUser(p), l.code(b))
	l.tell("unfollow", lineUser(p), "")
	l.Expect(l.linked(p)).NotTo(BeEmpty())
	b.Post("/me/leave/confirm", "understood", "yes")
	l.Expect(l.Value(`SELECT count(*) FROM alumni.line_link`)).To(Equal("0"))
	l.Expect([]string{l.linked(p), l.suppressed(p)}).To(Equal([]string{"", ""}))
}

func TestBlockingTheAccountStopsItAndTheNewestCounts(t *testing.T) {
	l := newLinker(t)
	p, b := l.member()
	l.tell("message", lineUser(p), l.code(b))
	begin := l.Clock.Now()
	l.Clock.Advance(time.Hour)
	at := func(kind string, minute int) {
		e := portaltest.LINEEvent{Kind: kind, User: lineUser(p), At: begin.Add(time.Duration(minute) * time.Minute)}
		l.Expect(l.line.LINE(e).Status).To(Equal(200))
	}
	at("unfollow", 1)
	l.Expect(l.suppressed(p)).To(Equal("Unfollowed"))
	l.Expect(b.Get("/me").Body).To(ContainSubstring("You have blocked our account"))
	at("unfollow", 1)
	at("follow", 2)
	l.Expect(l.suppressed(p)).To(BeEmpty())
	at("unfollow", 1)
	l.Expect(l.suppressed(p)).To(BeEmpty(), "what is told again, late, is over")
	at("unfollow", 90)
	l.Expect(l.suppressed(p)).To(Equal("Unfollowed"))
	l.Clock.Advance(2 * time.Minute)
	at("follow", 61)
	l.Expect(l.suppressed(p)).To(BeEmpty(), "a clock that is ahead holds up nothing")

	l.Exec(`INSERT INTO alumni.suppression (member_id, channel, reason) VALUES ($1, 'LINE', 'Unsubscribed')`, p.ID)
	l.Clock.Advance(time.Hour)
	at("unfollow", 95)
	at("follow", 96)
	l.Expect(l.suppressed(p)).To(Equal("Unsubscribed"), "what the member decided is not undone")
	at("follow", 97)
	l.tell("follow", "U"+strings.Repeat("0", 32), "")
	l.tell("unfollow", "U"+strings.Repeat("0", 32), "")
	l.Expect(l.Value(`SELECT count(*) FROM alumni.suppression`)).To(Equal("1"), "strangers leave nothing")
}

func TestOnlyLINECanTell(t *testing.T) {
	l := newLinker(t)
	p, b := l.member()
	code := l.code(b)
	body := portaltest.LINEBody(portaltest.LINEEvent{Kind: "message", User: lineUser(p), Text: code, At: l.Clock.Now()})
	huge := strings.Repeat(" ", 1<<20) + body
	for name, c := range map[string]struct {
		body, signature string
		status          int
	}{
		"no signature":            {body, "", 403},
		"another's signature":     {body, portaltest.SignLINE(body + " "), 403},
		"garbage":                 {"\x00\xff", "?", 403},
		"garbage of LINE's":       {"garbage", portaltest.SignLINE("garbage"), 400},
		"more than a megabyte":    {huge, portaltest.SignLINE(huge), 413},
		"a whole megabyte of air": {huge[:1<<20], portaltest.SignLINE(huge[:1<<20]), 400},
	} {
		a := l.line.PostLINE(c.body, c.signature)
		l.Expect(a.Status).To(Equal(c.status), name)
		l.Expect(a.Cookies).To(BeEmpty(), name)
	}
	r := l.line.Request(http.MethodPost, "/line/events", &endless{left: 8 << 20}) // without a length
	l.Expect(l.line.Do(r).Status).To(Equal(413))
	l.Expect(l.line.Get("/line/events").Status).To(Equal(405))
	l.Expect(l.linked(p)).To(BeEmpty())

	l.Expect(l.line.PostLINE(`{"destination":"U","events":[]}`, portaltest.SignLINE(`{"destination":"U","events":[]}`)).Status).To(Equal(200), "LINE's console tries the address")
	large := strings.Repeat(" ", 900<<10) + body
	r = l.line.Request(http.MethodPost, "/line/events", strings.NewReader(large))
	r.Header.Set("X-Line-Signature", portaltest.SignLINE(large))
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	l.Expect(l.line.Do(r).Status).To(Equal(200), "it needs no origin")
	l.Expect(l.linked(p)).To(Equal(lineUser(p)))
	linkedAt := l.Value(`SELECT linked_at FROM alumni.line_link`)
	for range 3 {
		l.Expect(l.line.PostLINE(body, portaltest.SignLINE(body)).Status).To(Equal(200), "the same again")
	}
	l.Expect(l.Value(`SELECT linked_at FROM alumni.line_link`)).To(Equal(linkedAt))
}

func TestSomebodyWhoGuessesIsNotHeard(t *testing.T) {
	l := newLinker(t)
	p, b := l.member()
	for range 5 {
		l.tell("message", lineUser(p), "AAAA-AAAA")
	}
	code := l.code(b)
	l.Expect(l.tell("message", lineUser(p), code)).To(Equal(200))
	l.Expect(l.linked(p)).To(BeEmpty(), "not even the right one")
	l.tell("message", lineUser(portaltest.Person{ID: uuid.New()}), "AAAA-AAAA")
	l.Clock.Advance(time.Hour)
	l.tell("message", lineUser(p), l.code(b))
	l.Expect(l.linked(p)).To(Equal(lineUser(p)), "an hour later")

	other, otherBrowser := l.member()
	for range 4 {
		l.tell("message", lineUser(other), "AAAA-AAAA")
	}
	for range 3 {
		l.tell("message", lineUser(other), l.code(otherBrowser))
		l.Expect(l.linked(other)).To(Equal(lineUser(other)), "codes that are right do not count")
		otherBrowser.Post("/me/line", "act", "unlink")
	}
}

func TestOfTwoMembersOneIsLinkedToAnAccount(t *testing.T) {
	l := newLinker(t)
	user := lineUser(portaltest.Person{ID: uuid.New()})
	for range 5 {
		_, one := l.member()
		_, two := l.member()
		codes, done := []string{l.code(one), l.code(two)}, make(chan int, 2)
		for _, code := range codes {
			go func() { done <- l.tell("message", user, code) }()
		}
		l.Expect([]int{<-done, <-done}).To(Equal([]int{200, 200}))
		l.Expect(l.Value(`SELECT count(*) FROM alumni.line_link WHERE user_id = $1`, user)).To(Equal("1"))
		l.Expect(l.Value(`SELECT count(*) FROM alumni.contact WHERE channel = 'LINE'`)).To(Equal("1"))
		l.Exec(`DELETE FROM alumni.line_link`)
	}
}

func TestWithoutItsSecretNothingIsLinkedAndOldLinksCanBeUndone(t *testing.T) {
	l := newLinker(t)
	p, b := l.member()
	_, stranger := l.member()
	l.tell("message", lineUser(p), l.code(b))
	right := l.LINESecret("not-hexadecimal-canary")
	for range 2 {
		l.Expect(l.tell("message", lineUser(p), "AAAA-AAAA")).To(Equal(503))
	}
	l.Expect(stranger.Get("/me").Body).NotTo(ContainSubstring("LINE"))
	l.Expect([]int{stranger.Get("/me/line").Status, stranger.Post("/me/line", "act", "code").Status}).To(Equal([]int{404, 303}))
	l.Expect(strings.Count(l.Log.String(), "Linking no LINE accounts")).To(Equal(1))
	l.Expect(l.Log.String()).NotTo(ContainSubstring("not-hexadecimal"))
	l.Expect(b.Post("/me/line", "act", "unlink").Location).To(Equal("/me/line?done=unlinked"))
	l.Expect(l.linked(p)).To(BeEmpty())

	l.LINESecret(right + "\n")
	l.Expect(stranger.Get("/me").Body).To(ContainSubstring("Link LINE"), "a Secret that is mended is taken without a restart")
	l.tell("message", lineUser(p), l.code(b))
	l.Expect(l.linked(p)).To(Equal(lineUser(p)))
}

func TestANetworkWithoutALINEAccountHasNoSuchPages(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := w.Serve().Browser()
	b.SignIn(w, w.Person(community.StateActive))
	g.Expect([]int{b.Get("/me/line").Status, b.LINE().Status}).To(Equal([]int{404, 404}))
	g.Expect(b.Get("/me").Body).NotTo(ContainSubstring("LINE"))
	g.Expect(b.Get("/privacy").Body).NotTo(ContainSubstring("LINE"))
	_, err := os.Stat(filepath.Join(w.LINEDir, settings.LINESecretFile))
	g.Expect(err).To(MatchError(os.ErrNotExist))
}

func TestAStoreThatIsAwayLetsLINETellItAgain(t *testing.T) {
	l := newLinker(t)
	p, b := l.member()
	code := l.code(b)
	l.Exec(`ALTER TABLE alumni.line_link RENAME TO gone`)
	l.Expect(l.tell("message", lineUser(p), code)).To(Equal(503))
	for range 6 {
		l.Expect(l.tell("message", lineUser(p), code)).To(Equal(503))
	}
	l.Exec(`ALTER TABLE alumni.gone RENAME TO line_link`)
	l.Expect(l.tell("message", lineUser(p), code)).To(Equal(200))
	l.Expect(l.linked(p)).To(Equal(lineUser(p)), "and it is no guess")
}

// Nothing of what users write, and no name of theirs, is written down.
func TestNothingOfLINEsUsersIsLogged(t *testing.T) {
	l := newLinker(t)
	p, b := l.member()
	user := lineUser(p)
	l.Expect(l.tell("message", user, canary.Note)).To(Equal(200))
	code := l.code(b)
	l.tell("message", user, code)
	l.tell("message", user, "AAAA-AAAA")
	l.tell("unfollow", user, "")
	l.Exec(`ALTER TABLE alumni.line_link RENAME TO gone`)
	l.Expect(l.tell("message", user, code)).To(Equal(503))
	l.Expect(l.tell("follow", user, "")).To(Equal(503))
	metrics := httptest.NewRecorder()
	promhttp.HandlerFor(l.site.Registry, promhttp.HandlerOpts{}).ServeHTTP(metrics, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	said := l.Log.String() + metrics.Body.String()
	canary.Scan(t, "log and metrics", said)
	l.Expect(said).NotTo(Or(ContainSubstring(user), ContainSubstring(code), ContainSubstring("AAAA")))
	l.Expect(said).To(And(ContainSubstring("Failing to take an event of LINE"), ContainSubstring("SQLSTATE 42P01")))
	for _, line := range []string{`{kind="message",outcome="Linked"} 1`, `{kind="message",outcome="Refused"} 1`, `{kind="unfollow",outcome="Changed"} 1`} {
		l.Expect(said).To(ContainSubstring(fmt.Sprintf("alumni_portal_line_events_total%s", line)))
	}
}
