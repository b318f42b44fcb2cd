// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

// rehearsal is a world whose network is a trial. Its mail server listens and is named, as if somebody had forgotten it.
func rehearsal(t *testing.T) *portaltest.World {
	t.Helper()
	w := portaltest.New(t)
	w.Network.Email.Transport = settings.TransportCapture
	return w
}

var (
	mailPath = regexp.MustCompile(`href="(/trial/mail/[0-9]+)"`)
	signIn   = regexp.MustCompile(`<a href="https://[^/"]+(/sign-in/[A-Za-z0-9_-]{40,}[^"]*)"`)
)

// newestMail waits until the list begins with a mail to somebody and returns its path.
func newestMail(w *portaltest.World, b *portaltest.Browser, to string) string {
	var path string
	w.Eventually("the mail is captured", func() bool {
		list := b.Get("/trial/mail").Body
		_, list, _ = strings.Cut(list, `<ul class="cards">`)
		found := mailPath.FindStringSubmatch(list)
		if found == nil || !strings.Contains(list, to) {
			return false
		}
		path = found[1]
		return true
	})
	return path
}

// trialAnswers asks for every page that only a trial has.
func trialAnswers(w *portaltest.World, site *portaltest.Site, language string) map[string]portaltest.Answer {
	guest := site.Browser()
	guest.Language = language
	p := w.Person(community.StateActive)
	empty := guest.Get("/trial/mail")
	guest.Post("/sign-in", "address", p.Address)
	path := newestMail(w, guest, p.Address)
	return map[string]portaltest.Answer{
		"no mail": empty, "list": guest.Get("/trial/mail"), "mail": guest.Get(path), "below the first": guest.Get("/trial/mail?before=1"),
		"no such mail": guest.Get("/trial/mail/999999"), "no number": guest.Get("/trial/mail/x"), "landing": guest.Get("/"), "sign-in": guest.Get("/sign-in"),
	}
}

func TestEveryPageOfATrialSaysSoInEveryLanguage(t *testing.T) {
	w := rehearsal(t)
	site, keys := w.Serve(), untranslated(t)
	for _, language := range []string{"ja", "en"} {
		for name, a := range trialAnswers(w, site, language) {
			t.Run(language+" "+name, func(t *testing.T) {
				g := NewWithT(t)
				checkPage(g, keys, a.Body, language)
				g.Expect(a.Body).To(And(ContainSubstring("Rehearsal: everyone here is invented, and no mail leaves."),
					ContainSubstring("登場する人物はすべて架空で、メールは外部に送信されません。"), ContainSubstring(`href="/trial/mail?lang=en"`)))
				g.Expect(a.Header.Get("X-Robots-Tag")).To(ContainSubstring("noindex"))
				g.Expect(a.Header.Get("Content-Security-Policy")).NotTo(ContainSubstring("unsafe"))
			})
		}
	}
	NewWithT(t).Expect(site.Browser().Get("/robots.txt").Body).NotTo(ContainSubstring("Allow"))
	NewWithT(t).Expect(w.SMTP.Connections()).To(BeZero(), "nothing goes to the mail server")
}

func TestSomebodyInventedSignsInWithTheCapturedLink(t *testing.T) {
	g := NewWithT(t)
	w := rehearsal(t)
	site := w.Serve()
	p, listed := w.Person(community.StateActive), w.Person(community.StateListed)
	b := site.Browser()
	list := b.Get("/trial/mail").Body
	g.Expect(list).To(And(ContainSubstring(`value="`+p.Address+`"`), ContainSubstring(`value="`+listed.Address+`"`)), "whoever rehearses learns by whom")

	b.Post("/sign-in", "address", p.Address)
	mail := b.Get(newestMail(w, b, p.Address)).Body
	link := signIn.FindStringSubmatch(mail)
	g.Expect(link).NotTo(BeNil(), "the link can be clicked")
	g.Expect(b.Get(link[1]).Status).To(Equal(200))
	path, _, _ := strings.Cut(link[1], "?")
	g.Expect(b.Post(path).Location).To(Equal("/home"))
	g.Expect(b.Get("/me").Status).To(Equal(200))

	b.Post("/me/leave/confirm", "understood", "yes")
	w.Eventually("the receipt is captured too", func() bool {
		return w.Value(`SELECT count(*) FROM alumni.captured_mail WHERE recipient_id = $1`, p.ID) == "2"
	})
	g.Expect(w.Value(`SELECT count(*) FROM alumni.portal_mail WHERE state = 'Sent'`)).To(Equal("1"), "of the mails before only the receipt is left, and it counts as sent")
	g.Expect(w.SMTP.Connections()).To(BeZero())
}

// TestTheHTMLOfAMailCanDoNothing captures a mail as a campaign could hold it.
func TestTheHTMLOfAMailCanDoNothing(t *testing.T) {
	g := NewWithT(t)
	w := rehearsal(t)
	site := w.Serve()
	p := w.Person(community.StateActive)
	const page = `<p>Hello</p><script>alert(1)</script>`
	source := "Subject: <b>x</b>\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\n" +
		"<i>see</i> https://x.example/a?b=c&d=e. javascript:alert(1)\r\n--x\r\nContent-Type: text/html\r\n\r\n" + page + "\r\n--x--\r\n"
	w.Exec(`INSERT INTO alumni.captured_mail (recipient_id, recipient, subject, message) VALUES ($1, $2, '<b>x</b>', $3)`, p.ID, p.Address, []byte(source))
	b := site.Browser()
	path := newestMail(w, b, p.Address)

	shown := b.Get(path).Body
	g.Expect(shown).To(And(ContainSubstring("&lt;b&gt;x&lt;/b&gt;"), ContainSubstring("&lt;i&gt;see&lt;/i&gt; "),
		ContainSubstring(`<a href="https://x.example/a?b=c&amp;d=e" rel="noreferrer">https://x.example/a?b=c&amp;d=e</a>. javascript:alert(1)`)))
	g.Expect(shown).NotTo(ContainSubstring("<script"))
	g.Expect(shown).To(ContainSubstring(`href="` + path + `/html"`))

	alone := b.Get(path + "/html")
	g.Expect(alone.Body).To(ContainSubstring(page))
	g.Expect(alone.Header.Get("Content-Security-Policy")).To(And(HavePrefix("sandbox"), ContainSubstring("default-src 'none'"),
		Not(ContainSubstring("allow-scripts")), Not(ContainSubstring("allow-same-origin")), Not(ContainSubstring("allow-forms"))))
	g.Expect(alone.Header.Get("X-Content-Type-Options")).To(Equal("nosniff"))
}

func TestANetworkForRealPeopleHasNoSuchPages(t *testing.T) {
	w := portaltest.New(t)
	p := w.Person(community.StateActive)
	w.Exec(`INSERT INTO alumni.captured_mail (recipient_id, recipient, message) VALUES ($1, 'x', 'Subject: x')`, p.ID)
	b := w.Serve().Browser()
	id := w.Value(`SELECT max(id) FROM alumni.captured_mail`)
	for _, path := range []string{"/trial/mail", "/trial/mail/" + id, "/trial/mail/" + id + "/html"} {
		a := b.Get(path)
		NewWithT(t).Expect(a.Status).To(Equal(404), path)
		NewWithT(t).Expect(a.Body).NotTo(ContainSubstring("Rehearsal"), path)
	}
}

func TestTheListGoesOnAndForgetsWhatIsOld(t *testing.T) {
	g := NewWithT(t)
	w := rehearsal(t)
	site := w.Serve()
	p := w.Person(community.StateActive)
	w.Exec(`INSERT INTO alumni.captured_mail (recipient_id, recipient, subject, message, captured_at)
		SELECT $1, 'x', 'no ' || n, 'Subject: x', now() - CASE WHEN n <= 10 THEN interval '31 days' ELSE interval '1 day' END FROM generate_series(1, 5070) n`, p.ID)
	b := site.Browser()
	first := b.Get("/trial/mail").Body
	older := regexp.MustCompile(`href="(/trial/mail\?before=[0-9]+)"`).FindStringSubmatch(first)
	g.Expect(older).NotTo(BeNil())
	g.Expect(first).To(And(ContainSubstring(">no 5070<"), ContainSubstring(">no 5021<"), Not(ContainSubstring(">no 5020<"))))
	g.Expect(b.Get(older[1]).Body).To(And(ContainSubstring(">no 5020<"), ContainSubstring(">no 4971<"), Not(ContainSubstring(">no 5021<"))))

	g.Expect(site.Portal.Housekeep(t.Context())).To(Succeed())
	g.Expect(w.Value(`SELECT count(*) || ' ' || min(id) FROM alumni.captured_mail`)).To(Equal(
		fmt.Sprintf("%d %s", community.CapturedKept, w.Value(`SELECT max(id) - 4999 FROM alumni.captured_mail`))))
	w.Clock.Advance(community.CapturedFor)
	w.Exec(`UPDATE alumni.captured_mail SET captured_at = $1 WHERE id = (SELECT max(id) FROM alumni.captured_mail)`, w.Clock.Now().Add(-time.Hour))
	g.Expect(site.Portal.Housekeep(t.Context())).To(Succeed())
	g.Expect(w.Value(`SELECT count(*) FROM alumni.captured_mail`)).To(Equal("1"))
}
