// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/alumni-operator/alumni-operator/internal/campaign"
	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/naming"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

// The staff of the tests.
const (
	owner   = "owner@hoshino-foods.example"
	manager = "manager@hoshino-foods.example"
	officer = "officer@hoshino-foods.example"
	list    = owner + " ProgrammeOwner\n" + manager + " CommunityManager # since autumn\n" + officer + " PrivacyOfficer\n"
)

// office is a world with staff, a campaign that was looked at, and one that ran.
func office(t *testing.T) *portaltest.World {
	t.Helper()
	w := portaltest.New(t)
	w.Staff(list)
	w.Exec(`INSERT INTO alumni.campaign_preview (campaign_uid, preview, as_of, counts, counted_at, name, type, samples) VALUES
		('uid-1', 'autumn-1', now() + interval '2 days', '{"": 1234, "NoConsent": 20, "Paused": 3, "Novel": 1}', now(), 'autumn', 'Newsletter', $1)`,
		`[{"locale": "ja", "person": "星野 花子", "subject": "秋の集い", "text": "花子さん\nhttps://hoshino-foods.example/autumn.", "html": "<p>花子さん</p><script>alert(1)</script>"},
		  {"locale": "en", "variant": "a", "step": "reminder", "person": "Alex Meyer", "subject": "<b>Autumn</b>", "text": "Hello <i>Alex</i>", "html": "<p>Hello Alex</p>"},
		  {"locale": "en", "person": "Bo Ng", "subject": "", "text": "", "html": "", "failed": true}]`)
	run := w.Run("news-1")
	w.Exec(`UPDATE alumni.campaign_run SET audience = 3 WHERE id = $1`, run)
	for state, reason := range map[string]string{"Sent": "", "Skipped": "Paused", "Failed": "HardBounce"} {
		w.Exec(`INSERT INTO alumni.delivery (run_id, member_id, channel, state, reason) VALUES ($1, $2, 'Email', $3, $4)`, run, w.Person(community.StateActive).ID, state, reason)
	}
	return w
}

// consoleAnswers asks for every page of the console, as the owner and as the officer.
func consoleAnswers(w *portaltest.World, site *portaltest.Site, language string) map[string]portaltest.Answer {
	guest, programme, privacy := site.Browser(), site.Browser(), site.Browser()
	guest.Language, programme.Language, privacy.Language = language, language, language
	before := len(w.Mails(owner))
	guest.Post("/console/sign-in", "address", owner)
	all := map[string]portaltest.Answer{
		"sign-in": guest.Get("/console/sign-in"), "sent": guest.Get("/console/sign-in/sent"), "wrong address": guest.Post("/console/sign-in", "address", "hana"),
		"spent": guest.Get("/console/sign-in/none"), "not signed in": guest.Get("/console"),
		"link": guest.Get("/console/sign-in/" + w.AwaitMail(owner, before+1).Token()),
	}
	programme.SignInStaff(w, owner)
	privacy.SignInStaff(w, officer)
	for _, path := range []string{"", "/campaigns", "/campaigns/autumn", "/campaigns/news", "/campaigns/none", "/campaigns/autumn/0", "/campaigns/autumn/1", "/campaigns/autumn/2", "/campaigns/autumn/x", "/campaigns/autumn/-1"} {
		all["owner "+path], all["officer "+path] = programme.Get("/console"+path), privacy.Get("/console"+path)
	}
	w.Exec(`INSERT INTO alumni.erasure_request (id, source, received_at) VALUES (gen_random_uuid(), 'Withdrawal', now() - interval '25 hours')`)
	all["officer, late"] = privacy.Get("/console")
	return all
}

func TestEveryPageOfTheConsoleInEveryLanguage(t *testing.T) {
	w := office(t)
	site, keys := w.Serve(), untranslated(t)
	for _, language := range []string{"ja", "en"} {
		for name, a := range consoleAnswers(w, site, language) {
			t.Run(language+" "+name, func(t *testing.T) {
				g := NewWithT(t)
				g.Expect(a.Status).To(BeNumerically("<", 500))
				g.Expect(a.Header.Get("Content-Security-Policy")).NotTo(ContainSubstring("unsafe"))
				g.Expect(a.Header.Get("X-Robots-Tag")).To(ContainSubstring("noindex"))
				g.Expect(a.Header.Get("Cache-Control")).To(Equal("no-store"))
				if a.Location == "" {
					checkPage(g, keys, a.Body, language)
				}
			})
		}
	}
}

// TestEachPageOfTheConsoleIsForItsRoles asks for every page as everybody: each role, a member, and nobody.
func TestEachPageOfTheConsoleIsForItsRoles(t *testing.T) {
	w := office(t)
	site := w.Serve()
	browsers := map[string]*portaltest.Browser{"nobody": site.Browser(), "member": site.Browser()}
	browsers["member"].SignIn(w, w.Person(community.StateActive))
	for _, address := range []string{owner, manager, officer} {
		browsers[address] = site.Browser()
		browsers[address].SignInStaff(w, address)
	}
	seen := map[string][]string{ // who gets 200; others of the staff get 403, and everybody else is led to sign in
		"/console":                         {owner, manager, officer},
		"/console/campaigns":               {owner, manager},
		"/console/campaigns/autumn":        {owner, manager},
		"/console/campaigns/autumn/0":      {owner, manager},
		"/console/campaigns/autumn/0/html": {owner, manager},
	}
	for path, who := range seen {
		for name, b := range browsers {
			t.Run(path+" as "+name, func(t *testing.T) {
				g := NewWithT(t)
				a := b.Get(path)
				switch {
				case name == "nobody" || name == "member":
					g.Expect([]any{a.Status, a.Location}).To(Equal([]any{303, "/console/sign-in"}))
				case strings.Contains(strings.Join(who, " "), name):
					g.Expect(a.Status).To(Equal(200))
				default:
					g.Expect(a.Status).To(Equal(403))
					g.Expect(a.Body).To(And(ContainSubstring("Your roles do not include this page"), Not(ContainSubstring("1,234"))))
				}
			})
		}
	}
	g := NewWithT(t)
	g.Expect(browsers[officer].Get("/console").Body).To(And(ContainSubstring("Nobody waits to be erased"), Not(ContainSubstring("/console/campaigns")), ContainSubstring(officer)))
	g.Expect(browsers[owner].Get("/console").Body).To(And(Not(ContainSubstring("erased.")), ContainSubstring(`href="/console/campaigns"`)))
	for _, path := range []string{"/me", "/notices"} {
		g.Expect(browsers[owner].Get(path).Location).To(Equal("/sign-in"), "staff are no members")
	}
}

func TestTheConsoleShowsNumbersAndTextsToInventedPeople(t *testing.T) {
	g := NewWithT(t)
	w := office(t)
	b := w.Serve().Browser()
	b.SignInStaff(w, manager)
	g.Expect(b.Get("/console/campaigns").Body).To(And(ContainSubstring("Would be sent on"), ContainSubstring("<strong>1,234</strong>"),
		ContainSubstring("No live consent to the purpose, or has not joined: 20"), ContainSubstring(">Finished<"), ContainSubstring(`href="/console/campaigns/news"`)))
	autumn := b.Get("/console/campaigns/autumn").Body
	g.Expect(autumn).To(And(ContainSubstring("Asked for distance <code"), ContainSubstring(">Novel <code"), ContainSubstring("Step reminder"), ContainSubstring("Variant a"),
		ContainSubstring("&lt;b&gt;Autumn&lt;/b&gt;"), ContainSubstring(`href="/console/campaigns/autumn/1"`), ContainSubstring("This text cannot be made for such a person")))
	g.Expect(b.Get("/console/campaigns/autumn/2").Status).To(Equal(404))
	news := b.Get("/console/campaigns/news").Body
	g.Expect(news).To(And(ContainSubstring("Nobody lives at the address"), ContainSubstring("Left out of this run"), ContainSubstring("There are no texts to show")))
	sample := b.Get("/console/campaigns/autumn/0").Body
	g.Expect(sample).To(And(ContainSubstring("星野 花子"), ContainSubstring(`<a href="https://hoshino-foods.example/autumn" rel="noreferrer">`), Not(ContainSubstring("<script"))))

	html := b.Get("/console/campaigns/autumn/0/html")
	g.Expect(html.Body).To(Equal("<p>花子さん</p><script>alert(1)</script>"), "as it would be sent, in a document that can do nothing")
	g.Expect(html.Header.Get("Content-Security-Policy")).To(And(HavePrefix("sandbox"), ContainSubstring("default-src 'none'"),
		Not(ContainSubstring("allow-scripts")), Not(ContainSubstring("allow-same-origin")), Not(ContainSubstring("allow-forms"))))

	b.Language = "ja"
	g.Expect(b.Get("/console/campaigns/autumn").Body).To(And(ContainSubstring("目的への有効な同意がない"), ContainSubstring("ニュースレター"), ContainSubstring("文面")))
}

func TestANetworkWithoutStaffHasNoConsole(t *testing.T) {
	w := portaltest.New(t)
	b := w.Serve().Browser()
	for _, path := range []string{"/console", "/console/sign-in", "/console/sign-in/sent", "/console/sign-in/x", "/console/campaigns", "/console/campaigns/x/0/html"} {
		NewWithT(t).Expect(b.Get(path).Status).To(Equal(404), path)
	}
	NewWithT(t).Expect(b.Post("/console/sign-in", "address", owner).Status).To(Equal(404))
}

func TestNobodyLearnsWhoIsStaff(t *testing.T) {
	g := NewWithT(t)
	w := office(t)
	site := w.Serve()
	member := w.Person(community.StateActive)
	answers := map[string]portaltest.Answer{}
	for who, address := range map[string]string{"staff": strings.ToUpper(owner), "member": member.Address, "unknown": "nobody@mail.example"} {
		a := site.Browser().Post("/console/sign-in", "address", address)
		a.Header.Del("Date")
		a.Header.Del("X-Request-Id")
		answers[who] = a
	}
	for who, a := range answers {
		g.Expect(a).To(Equal(answers["unknown"]), who)
	}
	w.AwaitMail(owner, 1)
	site.Browser().Post("/console/sign-in", "address", manager) // looked up after the others
	w.AwaitMail(manager, 1)
	g.Expect(w.SMTP.Taken()).To(Equal(2), "a member is no staff")
	g.Expect(w.Value(`SELECT count(*) FROM alumni.staff`)).To(Equal("2"))
	canaryless := w.Value(`SELECT string_agg(s::text, ' ') FROM alumni.staff s`) + w.Value(`SELECT string_agg(p::text, ' ') FROM alumni.portal_mail p`)
	g.Expect(canaryless).NotTo(ContainSubstring("hoshino-foods"), "the store does not know who they are")
}

func TestLinksOfStaffAreFewAndSpentAfterTheirUseAndTheirTime(t *testing.T) {
	g := NewWithT(t)
	w := office(t)
	b := w.Serve().Browser()
	b.Post("/console/sign-in", "address", owner)
	mail := w.AwaitMail(owner, 1)
	g.Expect(mail.Text).To(ContainSubstring("/console/sign-in/" + mail.Token()))
	path := "/console/sign-in/" + mail.Token()
	g.Expect(b.Get(path).Body).To(ContainSubstring("Finish signing in"))
	g.Expect(b.Post("/sign-in/"+mail.Token()).Status).To(Equal(410), "it lets nobody in as a member")
	g.Expect(b.Post(path).Location).To(Equal("/console"))
	for name, a := range map[string]portaltest.Answer{
		"used, opened": b.Get(path), "used, pressed": b.Post(path), "made up": b.Get("/console/sign-in/" + strings.Repeat("A", 43)), "far too long": b.Post("/console/sign-in/" + strings.Repeat("A", 4000)),
	} {
		g.Expect([]any{a.Status, strings.Contains(a.Body, `href="/console/sign-in"`)}).To(Equal([]any{410, true}), name)
	}
	b.Post("/console/sign-in", "address", owner)
	late := w.AwaitMail(owner, 2).Token()
	w.Clock.Advance(16 * time.Minute)
	g.Expect(b.Post("/console/sign-in/" + late).Status).To(Equal(410))

	for range community.LinksPerHour + 2 {
		b.Post("/console/sign-in", "address", manager)
	}
	w.AwaitMail(manager, community.LinksPerHour)
	b.Post("/console/sign-in", "address", officer)
	w.AwaitMail(officer, 1)
	g.Expect(w.Mails(manager)).To(HaveLen(community.LinksPerHour))
}

func TestSessionsOfStaffEndByThemselvesAndKeepToThemselves(t *testing.T) {
	g := NewWithT(t)
	w := office(t)
	site := w.Serve()
	b := site.Browser()
	a := b.SignInStaff(w, owner)
	g.Expect(a.Cookies).To(HaveLen(1))
	c := a.Cookies[0]
	g.Expect([]any{c.Name, c.HttpOnly, c.Secure, c.SameSite, c.Path, c.Domain}).To(Equal([]any{"__Host-console", true, true, http.SameSiteLaxMode, "/", ""}))
	person := w.Person(community.StateActive)
	b.SignIn(w, person) // staff and a member in one browser
	g.Expect([]int{b.Get("/console").Status, b.Get("/me").Status}).To(Equal([]int{200, 200}))
	g.Expect(b.Post("/sign-out").Status).To(Equal(303))
	g.Expect(b.Get("/console").Status).To(Equal(200), "a member's session is another")

	for range 12 {
		w.Clock.Advance(59 * time.Minute)
		g.Expect(b.Get("/console").Status).To(Equal(200))
	}
	w.Clock.Advance(59 * time.Minute)
	g.Expect(b.Get("/console").Location).To(Equal("/console/sign-in?done=expired"), "after twelve hours, used or not")
	b.SignInStaff(w, owner)
	w.Clock.Advance(61 * time.Minute)
	g.Expect(b.Get("/console").Location).To(Equal("/console/sign-in?done=expired"), "after an hour without use")
	b.SignInStaff(w, owner)
	g.Expect(b.Post("/console/sign-out").Location).To(Equal("/console/sign-in?done=signedOut"))
	g.Expect(b.Get("/console").Location).To(Equal("/console/sign-in"))
	g.Expect(site.Portal.Housekeep(t.Context())).To(Succeed())
	g.Expect(w.Value(`SELECT count(*) FROM alumni.staff_session`)).To(Equal("0"))
}

// TestWhoIsTakenOffTheListIsOutAtOnce changes the mounted file under a portal that runs: kubelet brings a changed Secret there within a
// minute and a half.
func TestWhoIsTakenOffTheListIsOutAtOnce(t *testing.T) {
	g := NewWithT(t)
	w := office(t)
	b := w.Serve().Browser()
	b.SignInStaff(w, owner)
	b.Post("/console/sign-in", "address", owner)
	waiting := w.AwaitMail(owner, 2).Token()

	w.Staff(owner + " PrivacyOfficer\n" + manager + " CommunityManager\n")
	g.Expect(b.Get("/console/campaigns").Status).To(Equal(403), "roles are those of the moment")
	w.Staff(manager + " CommunityManager\n")
	g.Expect(b.Get("/console").Location).To(Equal("/console/sign-in?done=expired"))
	g.Expect(b.Post("/console/sign-in/" + waiting).Status).To(Equal(410))
	w.Staff(list)
	g.Expect(b.Get("/console").Location).To(Equal("/console/sign-in"), "the session is over also for who comes back")
	b.SignInStaff(w, owner)
	w.Staff("nonsense " + owner + "\n")
	g.Expect(b.Get("/console").Status).To(Equal(303), "a line at fault lets nobody in")
}

func TestWhatStaffLookAtIsNotedAndStays(t *testing.T) {
	g := NewWithT(t)
	w := office(t)
	b := w.Serve().Browser()
	b.SignInStaff(w, owner)
	for _, path := range []string{"", "/campaigns", "/campaigns/autumn", "/campaigns/autumn/0", "/campaigns/autumn/0/html", "/campaigns/none"} {
		b.Get("/console" + path)
	}
	b.Post("/console/sign-out")
	g.Expect(w.Value(`SELECT string_agg(rtrim(action || ' ' || subject), ', ' ORDER BY id) FROM alumni.staff_action`)).To(Equal(
		"SignedIn, LookedAtOverview, ListedCampaigns, LookedAtCampaign uid-1, LookedAtSample uid-1, LookedAtSample uid-1, SignedOut"))
	_, err := w.Store.Admin().Exec(t.Context(), `UPDATE alumni.staff_action SET subject = ''`)
	g.Expect(err).To(MatchError(ContainSubstring("append-only")))
	w.Exec(`ALTER TABLE alumni.staff_action RENAME TO gone`)
	b.Get("/console")
	g.Expect(b.Post("/console/sign-in/x").Status).To(Equal(410))
	w.Exec(`ALTER TABLE alumni.gone RENAME TO staff_action`)
}

func TestNothingOfStaffIsLoggedOrCounted(t *testing.T) {
	w := office(t)
	w.Staff(canary.Email + " ProgrammeOwner\n")
	site := w.Serve()
	b := site.Browser()
	b.SignInStaff(w, canary.Email)
	b.Get("/console/campaigns/autumn/0?q=" + canary.Password)
	b.Get("/console/sign-in/" + canary.Token)
	b.Get("/console/campaigns/" + canary.Phone)
	w.Exec(`ALTER TABLE alumni.staff_action RENAME TO gone`)
	failing := b.Get("/console")
	w.Exec(`ALTER TABLE alumni.gone RENAME TO staff_action`)
	NewWithT(t).Expect(failing.Status).To(Equal(500), "what cannot be noted is not shown")
	metrics := httptest.NewRecorder()
	promhttp.HandlerFor(site.Registry, promhttp.HandlerOpts{}).ServeHTTP(metrics, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	canary.ScanAll(t, map[string]any{"the log": w.Log.String(), "the metrics": metrics.Body.String()})
	NewWithT(t).Expect(metrics.Body.String()).To(ContainSubstring(`alumni_portal_staff_sign_ins_total{outcome="SignedIn"} 1`))
	token := w.Mails(canary.Email)[0].Token()
	NewWithT(t).Expect(w.Log.String() + metrics.Body.String()).NotTo(ContainSubstring(token))
}

func TestFormsOfOtherSitesAreRefusedOnTheConsole(t *testing.T) {
	w := office(t)
	b := w.Serve().Browser()
	b.SignInStaff(w, owner)
	for _, path := range []string{"/console/sign-in", "/console/sign-in/x", "/console/sign-out"} {
		r := b.Request(http.MethodPost, path, strings.NewReader("address="+owner))
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		NewWithT(t).Expect(b.Do(r).Status).To(Equal(403), path)
	}
	NewWithT(t).Expect(b.Get("/console").Status).To(Equal(200), "still signed in")
}

// TestWhatThePreviewWorkerWritesIsWhatTheConsoleShows lets the worker look a campaign over, as the job of a preview does, and reads it as
// the office does.
func TestWhatThePreviewWorkerWritesIsWhatTheConsoleShows(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	w.Staff(list)
	person := w.Person(community.StateActive)
	w.Exec(`UPDATE alumni.member SET family_name = $2, given_name = $3 WHERE id = $1`, person.ID, canary.FamilyNameJa, canary.GivenNameJa)
	site := w.Serve()
	b := site.Browser()
	b.SignInStaff(w, owner)
	look := func(subject string) {
		t.Helper()
		g.Expect(campaign.Preview(t.Context(), w.Store.Pool(naming.RoleCampaign), campaign.Job{
			RunName: "autumn-preview", ScheduledAt: time.Now().Add(48 * time.Hour), TokenKey: w.Key, Network: w.Network, Log: slog.New(slog.DiscardHandler),
			Campaign: settings.Campaign{UID: "uid-a", Name: "autumn", Generation: 1, Type: "Newsletter", MaxRecipients: 100, RetryDeadlineSeconds: 3600, OnUnknown: "Resend",
				Locales: []settings.LocalisedContent{{Locale: "ja", Subject: subject, Body: "{{ .Member.GivenName }}さん\n\n[会場](https://hoshino-foods.example/hall)へどうぞ。"},
					{Locale: "en", Subject: "Autumn", Body: "Dear {{ .Member.GivenName }}"}}},
		})).To(Succeed())
	}
	look("{{ .Member.FamilyName }}さん、秋の集い")

	page := b.Get("/console/campaigns/autumn").Body
	g.Expect(page).To(And(ContainSubstring("星野さん、秋の集い"), ContainSubstring("Alex Meyer"), ContainSubstring("No live consent to the purpose"), ContainSubstring("Would be written to")))
	b.Language = "ja"
	text := b.Get("/console/campaigns/autumn/0").Body
	g.Expect(text).To(And(ContainSubstring("架空の人物「星野 花子」"), ContainSubstring(`href="https://hoshino-foods.example/hall"`)))
	html := b.Get("/console/campaigns/autumn/0/html")
	g.Expect(html.Body).To(And(ContainSubstring("花子さん"), ContainSubstring("</html>"), Not(ContainSubstring("<script"))))
	g.Expect(html.Header.Get("Content-Security-Policy")).To(HavePrefix("sandbox"))
	canary.ScanAll(t, map[string]any{"the campaign": page, "the text": text, "the mail": html.Body, "the list": b.Get("/console/campaigns").Body, "the log": w.Log.String()})

	look("冬の集い")
	g.Expect(b.Get("/console/campaigns/autumn").Body).To(And(ContainSubstring("冬の集い"), Not(ContainSubstring("秋の集い"))), "a new declaration takes the place of the one before")
	g.Expect(w.SMTP.Taken()).To(Equal(1), "nobody was written to but the owner")
}
