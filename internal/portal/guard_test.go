// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
	"github.com/alumni-operator/alumni-operator/internal/unsubscribe"
)

func TestNobodyLearnsWhoIsKnown(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	addresses := map[string]string{
		"member":    w.Person(community.StateActive).Address,
		"invited":   w.Person(community.StateInvited).Address,
		"withdrawn": w.Person(community.StateWithdrawn).Address,
		"unknown":   "nobody@mail.example",
	}
	over := w.Person(community.StateActive)
	for range community.LinksPerHour {
		w.Exec(`INSERT INTO alumni.portal_mail (member_id, kind, locale, state) VALUES ($1, 'SignInLink', 'ja', 'Sent')`, over.ID)
	}
	addresses["over-eager"] = over.Address

	answers := map[string]portaltest.Answer{}
	for who, address := range addresses {
		a := site.Browser().Post("/sign-in", "address", address)
		a.Header.Del("Date")
		a.Header.Del("X-Request-Id")
		answers[who] = a
	}
	for who, a := range answers {
		g.Expect(a).To(Equal(answers["unknown"]), who)
	}
	w.Eventually("the two get their mail", func() bool { return w.SMTP.Taken() == 2 })
	// All requests were looked up before those two mails' successors: ask once more and see nothing else come.
	last := w.Person(community.StateActive)
	site.Browser().Post("/sign-in", "address", last.Address)
	w.AwaitMail(last.Address, 1)
	g.Expect(w.SMTP.Taken()).To(Equal(3))
	for _, who := range []string{"withdrawn", "over-eager", "unknown"} {
		g.Expect(w.Mails(addresses[who])).To(BeEmpty(), who)
	}
}

// The answer must not wait for the look-up: the store is held, and the answer comes all the same.
func TestTheAnswerDoesNotWaitForTheLookUp(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	person := w.Person(community.StateActive)
	holder, err := w.Store.Admin().Begin(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	_, err = holder.Exec(t.Context(), `LOCK TABLE alumni.contact, alumni.member, alumni.portal_mail IN ACCESS EXCLUSIVE MODE`)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(site.Browser().Post("/sign-in", "address", person.Address).Status).To(Equal(http.StatusSeeOther))
	g.Expect(holder.Rollback(t.Context())).To(Succeed())
	w.AwaitMail(person.Address, 1)
}

func TestALinkIsSpentAfterItsUseAndItsTime(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	b, person := site.Browser(), w.Person(community.StateActive)
	b.Post("/sign-in", "address", person.Address)
	token := w.AwaitMail(person.Address, 1).Token()
	g.Expect(b.Get("/sign-in/" + token).Body).To(ContainSubstring("Finish signing in"))
	g.Expect(b.Post("/sign-in/" + token).Location).To(Equal("/home"))
	for name, a := range map[string]portaltest.Answer{
		"used, opened":   b.Get("/sign-in/" + token),
		"used, pressed":  b.Post("/sign-in/" + token),
		"made up":        b.Get("/sign-in/" + strings.Repeat("A", 43)),
		"far too long":   b.Post("/sign-in/" + strings.Repeat("A", 4000)),
		"with odd bytes": b.Get("/sign-in/%00%ff"),
	} {
		g.Expect([]any{a.Status, strings.Contains(a.Body, "no longer works")}).To(Equal([]any{410, true}), name)
	}
	b.Post("/sign-in", "address", person.Address)
	late := w.AwaitMail(person.Address, 2).Token()
	w.Clock.Advance(16 * time.Minute)
	g.Expect(b.Post("/sign-in/" + late).Status).To(Equal(410))
}

func TestSessionsAreCookiesThatKeepToThemselves(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	b, person := site.Browser(), w.Person(community.StateActive)
	a := b.SignIn(w, person)
	g.Expect(a.Cookies).To(HaveLen(1))
	c := a.Cookies[0]
	g.Expect(c.Name).To(Equal("__Host-session"))
	g.Expect([]any{c.HttpOnly, c.Secure, c.SameSite, c.Path, c.Domain}).To(Equal([]any{true, true, http.SameSiteLaxMode, "/", ""}))
	g.Expect(w.Value(`SELECT count(*) FROM alumni.session WHERE position(convert_to($1, 'UTF8') in token_hash) > 0`, c.Value)).To(Equal("0"))

	// Signing in again replaces the session of this browser, and no other.
	other := site.Browser()
	other.SignIn(w, person)
	b.SignIn(w, person)
	g.Expect(w.Value(`SELECT count(*) FROM alumni.session`)).To(Equal("2"))
	g.Expect(b.Get("/me/sessions").Body).To(And(ContainSubstring("This device"), ContainSubstring("Another device")))

	// A form that signs out ends it in the store too, and everywhere means everywhere.
	g.Expect(b.Post("/sign-out").Location).To(Equal("/?done=signedOut"))
	g.Expect(w.Value(`SELECT count(*) FROM alumni.session`)).To(Equal("1"))
	b.SignIn(w, person)
	g.Expect(b.Post("/me/sessions").Location).To(Equal("/?done=signedOut"))
	g.Expect(other.Get("/me").Location).To(Equal("/sign-in?done=expired"))
	g.Expect(other.Post("/me/pause", "act", "pause").Location).To(Equal("/sign-in"), "the dead cookie was taken back")
	g.Expect(w.Value(`SELECT state FROM alumni.member WHERE id = $1`, person.ID)).To(Equal("Active"))
}

func TestFormsOfOtherSitesAreRefusedEverywhereButOnUnsubscribe(t *testing.T) {
	w := portaltest.New(t)
	site := w.Serve()
	b, person := site.Browser(), w.Person(community.StateActive)
	b.SignIn(w, person)
	foreign := map[string]http.Header{
		"by fetch metadata":    {"Sec-Fetch-Site": {"cross-site"}},
		"by a sibling":         {"Sec-Fetch-Site": {"same-site"}},
		"by origin":            {"Origin": {"https://elsewhere.example"}},
		"by a private context": {"Origin": {"null"}},
	}
	paths := []string{"/sign-in", "/sign-in/" + strings.Repeat("A", 43), "/sign-out", "/me/profile", "/me/consents", "/me/pause", "/me/sessions", "/me/leave/confirm",
		"/feed/new", "/feed/00000000-0000-0000-0000-000000000000", "/feed/00000000-0000-0000-0000-000000000000/withdraw", "/feed/00000000-0000-0000-0000-000000000000/report"}
	for how, header := range foreign {
		t.Run(how, func(t *testing.T) {
			g := NewWithT(t)
			post := func(path string) portaltest.Answer {
				r := b.Request(http.MethodPost, path, strings.NewReader("act=pause&understood=yes"))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				for k, v := range header {
					r.Header[k] = v
				}
				return b.Do(r)
			}
			for _, path := range paths {
				g.Expect(post(path).Status).To(Equal(http.StatusForbidden), path)
			}
			g.Expect(post("/u/" + w.Tokens.Token(unsubscribe.Claim{Member: person.ID, Purpose: "Surveys", Run: 1})).Status).To(Equal(http.StatusOK))
			g.Expect(post("/u").Status).To(Equal(http.StatusForbidden), "the exception is exact")
		})
	}
	g := NewWithT(t)
	g.Expect(w.Value(`SELECT state FROM alumni.member WHERE id = $1`, person.ID)).To(Equal("Active"))
	g.Expect(b.Get("/me").Status).To(Equal(200), "still signed in")
}

func TestOneClickUnsubscribe(t *testing.T) {
	w := portaltest.New(t)
	site := w.Serve()
	multi := func() (string, string) {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		_ = form.WriteField("List-Unsubscribe", "One-Click")
		_ = form.Close()
		return body.String(), form.FormDataContentType()
	}
	body, contentType := multi()
	cases := map[string]struct{ body, contentType string }{
		"urlencoded":           {"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"},
		"multipart":            {body, contentType},
		"with a charset":       {"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded; charset=UTF-8"},
		"without content type": {"List-Unsubscribe=One-Click", ""},
		"without body":         {"", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			person, run := w.Person(community.StateActive), w.Run(name)
			w.Exec(`INSERT INTO alumni.consent (member_id, purpose, decision, text_version, channel, source, decided_at) VALUES ($1, 'Newsletter', 'Given', 'x', 'Portal', 'x', now())`, person.ID)
			path := "/u/" + w.Tokens.Token(unsubscribe.Claim{Member: person.ID, Purpose: "Newsletter", Run: run})
			mailProgram := site.Browser()

			for range 3 {
				g.Expect(mailProgram.Get(path).Status).To(Equal(200))
			}
			g.Expect(w.Value(`SELECT decision FROM alumni.consent_state WHERE member_id = $1 AND purpose = 'Newsletter'`, person.ID)).To(Equal("Given"), "GET never acts")

			for range 3 {
				r := mailProgram.Request(http.MethodPost, path, strings.NewReader(c.body))
				if c.contentType != "" {
					r.Header.Set("Content-Type", c.contentType)
				}
				a := mailProgram.Do(r)
				g.Expect([]any{a.Status, a.Location, len(a.Cookies)}).To(Equal([]any{200, "", 0}))
			}
			g.Expect(w.Value(`SELECT decision FROM alumni.consent_state WHERE member_id = $1 AND purpose = 'Newsletter'`, person.ID)).To(Equal("Withdrawn"))
			g.Expect(w.Value(`SELECT count(*) || max(channel) || max(source) FROM alumni.consent WHERE member_id = $1 AND decision = 'Withdrawn'`, person.ID)).To(Equal("1Email" + name))
			g.Expect(w.Value(`SELECT count FROM alumni.unsubscribe_count WHERE run_id = $1`, run)).To(Equal("1"))
			g.Expect(w.Value(`SELECT state FROM alumni.member WHERE id = $1`, person.ID)).To(Equal("Active"))
		})
	}
}

func TestUnsubscribeLinksOfOthers(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := w.Serve().Browser()
	erased := "/u/" + w.Tokens.Token(unsubscribe.Claim{Member: uuid.Must(uuid.NewV7()), Purpose: "Newsletter", Run: 1})
	g.Expect([]int{b.Get(erased).Status, b.Post(erased).Status}).To(Equal([]int{200, 200}), "somebody erased: nothing to do")

	valid := w.Tokens.Token(unsubscribe.Claim{Member: uuid.Must(uuid.NewV7()), Purpose: "Newsletter", Run: 1})
	for name, token := range map[string]string{
		"changed": "B" + valid[1:], "cut": valid[:len(valid)-1], "made up": strings.Repeat("A", len(valid)), "long": strings.Repeat("A", 5000),
	} {
		for _, a := range []portaltest.Answer{b.Get("/u/" + token), b.Post("/u/"+token, "List-Unsubscribe", "One-Click")} {
			g.Expect([]any{a.Status, strings.Contains(a.Body, "Page not found")}).To(Equal([]any{404, true}), name)
		}
	}
	invitation := w.Person(community.StateInvited)
	path := "/u/" + w.Tokens.Token(unsubscribe.Claim{Member: invitation.ID, Purpose: unsubscribe.AllMail, Run: w.Run("invitation")})
	g.Expect(b.Get(path).Body).To(And(ContainSubstring("invitations included"), Not(ContainSubstring("only"))))
	g.Expect(b.Post(path, "List-Unsubscribe", "One-Click").Body).To(ContainSubstring("no more mail"))
	g.Expect(w.Value(`SELECT reason FROM alumni.suppression WHERE member_id = $1`, invitation.ID)).To(Equal("Unsubscribed"))
}

func TestLinksForSignInAreRationedByClient(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	ask := func(forwarded string) int {
		b := site.Browser()
		b.Header = http.Header{"X-Forwarded-For": {forwarded}}
		return b.Post("/sign-in", "address", "nobody@mail.example").Status
	}
	refused := 0
	for range 60 {
		if ask("203.0.113.7") == http.StatusTooManyRequests {
			refused++
		}
	}
	g.Expect(refused).To(BeNumerically(">=", 20))
	g.Expect(ask("203.0.113.8")).To(Equal(http.StatusSeeOther), "another client is not held up")
	g.Expect(ask("203.0.113.9, 203.0.113.7")).To(Equal(http.StatusTooManyRequests), "what a client writes in front does not count")
	b := site.Browser()
	b.Header = http.Header{"X-Forwarded-For": {"203.0.113.7"}}
	a := b.Post("/sign-in", "address", "nobody@mail.example")
	g.Expect([]any{a.Header.Get("Retry-After"), strings.Contains(a.Body, "Please wait a moment")}).To(Equal([]any{"60", true}))
	g.Expect(b.Get("/sign-in").Status).To(Equal(200), "reading is not rationed")
	w.Clock.Advance(time.Minute)
	g.Expect(ask("203.0.113.7")).To(Equal(http.StatusSeeOther))
}

func TestBodiesAreBounded(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := w.Serve().Browser()
	b.SignIn(w, w.Person(community.StateActive))
	huge := strings.Repeat("x", 70<<10)
	g.Expect(b.Post("/me/profile", "Locale", "en", "About", huge).Status).To(Equal(413))
	r := b.Request(http.MethodPost, "/me/profile", &endless{left: 8 << 20}) // without a length
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	g.Expect(b.Do(r).Status).To(Equal(413))
	g.Expect(b.Post("/me/profile", "Locale", "en", "About", huge[:3000]).Status).To(Equal(422))
	r = b.Request(http.MethodPost, "/me/profile", strings.NewReader("About=%zz"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	g.Expect(b.Do(r).Status).To(Equal(400))
}

type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	n := min(len(p), e.left)
	if n == 0 {
		return 0, io.EOF
	}
	e.left -= n
	for i := range n {
		p[i] = 'x'
	}
	return n, nil
}

// A whole story of the planted person, and then a search of everything that the portal writes.
func TestNothingOfAPersonIsLoggedOrCounted(t *testing.T) {
	w := portaltest.New(t)
	w.Network.Email.FromName = "Alumni"
	site := w.Serve()
	person := w.Person(community.StateInvited)
	person.Address = canary.Email
	w.Exec(`UPDATE alumni.contact SET address = $2 WHERE member_id = $1`, person.ID, canary.Email)
	w.Exec(`UPDATE alumni.member SET family_name = $2, given_name = $3, employee_number = $4 WHERE id = $1`, person.ID, canary.FamilyNameJa, canary.GivenNameJa, canary.EmployeeNumber)
	b := site.Browser()
	b.Header = http.Header{"User-Agent": {canary.NameEn}, "X-Request-Id": {canary.Token}, "X-Forwarded-For": {"203.0.113.77"}}
	b.SignIn(w, person, "Network")
	token := w.Mails(canary.Email)[0].Token()
	session := ""
	for _, path := range []string{"/me", "/me/profile", "/me/consents", "/me/sessions", "/?q=" + canary.Password, "/" + canary.Phone, "/sign-in/" + canary.Token, "/u/" + canary.Token, "/me?done=" + canary.Note} {
		a := b.Get(strings.ReplaceAll(path, " ", "+"))
		for _, c := range a.Cookies {
			session += c.Value
		}
	}
	b.Post("/me/profile", "Locale", "en", "Region", canary.Address, "About", canary.Note+"\x00")
	b.Post("/me/profile", "Locale", "en", "Employer", canary.NameEn, "About", canary.Note)
	told := b.Post("/feed/new", "Kind", "News", "Post", canary.Note, "ShowName", "yes").Location
	told, _, _ = strings.Cut(told, "?")
	b.Post(told, "act", "comment", "Comment", canary.Phone)
	for _, planted := range []string{canary.Note, canary.Phone, canary.FamilyNameJa} {
		canary.Require(t, "the post", b.Get(told).Body, planted)
	}
	w.Exec(`ALTER TABLE alumni.post_comment RENAME COLUMN body TO gone`)
	b.Post(told, "act", "comment", "Comment", canary.Address)
	w.Exec(`ALTER TABLE alumni.post_comment RENAME COLUMN gone TO body`)
	b.Post("/feed/new", "Kind", canary.NameEn, "Post", canary.Note+"\x00")
	w.Exec(`ALTER TABLE alumni.member RENAME COLUMN employer TO gone`) // the server's error now quotes a statement
	canary.Require(t, "the failing page", fmt.Sprint(b.Post("/me/profile", "Locale", "en", "Employer", canary.NameEn).Status)+canary.Note, canary.Note)
	b.Do(b.Request("QUILLFEATHER", "/me", nil))
	w.Exec(`ALTER TABLE alumni.member RENAME COLUMN gone TO employer`)
	b.Post("/me/leave/confirm", "understood", "yes")
	w.AwaitMail(canary.Email, 2)

	var metrics *httptest.ResponseRecorder
	w.Eventually("the mail is counted, which comes after the mail server took it", func() bool {
		metrics = httptest.NewRecorder()
		promhttp.HandlerFor(site.Registry, promhttp.HandlerOpts{}).ServeHTTP(metrics, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return strings.Contains(metrics.Body.String(), `kind="WithdrawalReceipt",outcome="Sent"`)
	})
	canary.ScanAll(t, map[string]any{"the log": w.Log.String(), "the metrics": metrics.Body.String()})
	g := NewWithT(t)
	g.Expect(w.Log.String()).To(And(ContainSubstring("SQLSTATE 42703"), ContainSubstring(`"route":"POST /me/profile"`)))
	g.Expect(w.Log.String() + metrics.Body.String()).NotTo(Or(ContainSubstring(token), ContainSubstring("203.0.113")))
	g.Expect(metrics.Body.String()).To(And(
		ContainSubstring(`alumni_portal_requests_total{code="404",method="GET",route="none"} 1`),
		ContainSubstring(`alumni_portal_sign_ins_total{outcome="Joined"} 1`),
		ContainSubstring(`alumni_portal_withdrawals_total 1`),
		ContainSubstring(`alumni_portal_mails_total{kind="WithdrawalReceipt",outcome="Sent"} 1`)))
}
