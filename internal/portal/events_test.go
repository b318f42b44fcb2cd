// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/settings"
	"github.com/alumni-operator/alumni-operator/internal/testutil/canary"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

// eventOf are the values of a form that breaks no rule, changed by more names and values.
func eventOf(w *portaltest.World, changes ...string) []string {
	day := w.Clock.Now().UTC().AddDate(0, 1, 0).Format(time.DateOnly)
	values := []string{"act", "publish", "EventTitle", "鍋を囲む会", "EventKind", "Reunion", "EventLocale", "ja", "StartsAt", day + "T19:00", "EndsAt", day + "T21:00",
		"EventZone", "Asia/Tokyo", "EventForm", "Both", "EventPlace", "京都 星野亭", "OnlineLink", "https://meet.example/nabe", "EventDescription", "一人でもどうぞ。\nお待ちしています。",
		"Capacity", "1", "ClosesAt", "", "ShowName", "yes"}
	for i := 0; i+1 < len(changes); i += 2 {
		at := slices.Index(values, changes[i])
		values[at+1] = changes[i+1]
	}
	return values
}

// organised makes an event and returns its address.
func organised(b *portaltest.Browser, w *portaltest.World, changes ...string) string {
	a := b.Post("/events/new", eventOf(w, changes...)...)
	path, _, _ := strings.Cut(a.Location, "?")
	return path
}

// signedIn is the browser of a new member.
func signedIn(w *portaltest.World, site *portaltest.Site) (*portaltest.Browser, portaltest.Person) {
	b, person := site.Browser(), w.Person(community.StateActive)
	b.SignIn(w, person)
	return b, person
}

func TestMembersMeet(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	organiser, _ := signedIn(w, site)
	g.Expect(organiser.Get("/events").Body).To(ContainSubstring("No meeting is planned"))
	path := organised(organiser, w)
	g.Expect(path).To(MatchRegexp(`^/events/[0-9a-f-]{36}$`))
	g.Expect(organiser.Get(path + "?done=published").Body).To(And(ContainSubstring("The event is published."), ContainSubstring("You organise it")))

	first, _ := signedIn(w, site)
	second, waiting := signedIn(w, site)
	g.Expect(first.Get("/events").Body).To(And(ContainSubstring("鍋を囲む会"), ContainSubstring("Seats left: 1"), ContainSubstring("Japan (Tokyo)")))
	page := first.Get(path).Body
	g.Expect(page).To(And(ContainSubstring("星野 花子"), ContainSubstring("1 of 1 are left."), ContainSubstring("Shown to those who are registered."), Not(ContainSubstring("meet.example"))))
	g.Expect(first.Post(path, "act", "register").Location).To(Equal(path + "?done=registered"))
	g.Expect(first.Get(path).Body).To(And(ContainSubstring(`href="https://meet.example/nabe"`), ContainSubstring("You are registered."), ContainSubstring("People who come: 1")))
	g.Expect(second.Get(path).Body).To(ContainSubstring("Join the waiting list"))
	g.Expect(second.Post(path, "act", "register").Location).To(Equal(path + "?done=waiting"))
	g.Expect(second.Get(path).Body).To(ContainSubstring("You are number 1 of those who wait."))

	g.Expect(first.Post(path, "act", "unregister").Location).To(Equal(path + "?done=unregistered"))
	mail := w.AwaitMail(waiting.Address, 2)
	g.Expect(mail.Subject).To(Equal("【ほしの食品アルムナイ】席をご用意できました：鍋を囲む会"))
	g.Expect(mail.Text).To(And(ContainSubstring("19:00〜21:00"), ContainSubstring("日本（東京）"), ContainSubstring("京都 星野亭"), ContainSubstring(path), Not(ContainSubstring("meet.example"))))
	notices := second.Get("/notices").Body
	g.Expect(notices).To(ContainSubstring("You have a seat: 鍋を囲む会"))
	notice := second.Get(regexp.MustCompile(`/notices/\d+`).FindString(notices))
	g.Expect(notice.Body).To(And(ContainSubstring("A seat has become free"), ContainSubstring(`href="`+path+`"`)))
	g.Expect(second.Get("/events?view=mine").Body).To(ContainSubstring("You are coming"))

	g.Expect(organiser.Get(path + "/cancel").Body).To(ContainSubstring("Those who are registered (1) or wait (0)"))
	g.Expect(organiser.Post(path + "/cancel").Location).To(Equal(path + "?done=eventCancelled"))
	g.Expect(w.AwaitMail(waiting.Address, 3).Subject).To(ContainSubstring("中止のお知らせ：鍋を囲む会"))
	g.Expect(second.Get(path).Body).To(ContainSubstring("does not take place"))
	g.Expect(second.Get(path + "/event.ics").Body).To(ContainSubstring("STATUS:CANCELLED"))
	g.Expect(organiser.Get(path + "/edit").Status).To(Equal(http.StatusNotFound))
}

func TestWhatAnOrganiserTypedIsKeptWhenSomethingIsWrong(t *testing.T) {
	w := portaltest.New(t)
	b, _ := signedIn(w, w.Serve())
	for name, c := range map[string]struct{ field, value, says string }{
		"no title":                {"EventTitle", "", "Please fill in “Title”."},
		"no place":                {"EventPlace", " ", "Please fill in “Place”."},
		"a time that is none":     {"StartsAt", "tomorrow", "a day and a time that there is"},
		"an end before its start": {"EndsAt", "2020-01-01T10:00", "The end must come after the beginning"},
		"a link that acts":        {"OnlineLink", "javascript:alert(1)", "begins with https://"},
		"seats without number":    {"Capacity", "many", "a number of seats from 1 to 10,000"},
		"a zone of elsewhere":     {"EventZone", "Mars/Olympus", "one of the options"},
		"a late end of registering": {"ClosesAt", w.Clock.Now().AddDate(0, 2, 0).Format("2006-01-02T15:04"),
			"Registration cannot close after"},
		"no name to show": {"ShowName", "", "Please tick the box that shows your name."},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			a := b.Post("/events/new", eventOf(w, c.field, c.value)...)
			g.Expect(a.Status).To(Equal(http.StatusUnprocessableEntity))
			g.Expect(a.Body).To(And(ContainSubstring(c.says), MatchRegexp(`name="`+c.field+`"[^>]*aria-invalid="true"`), ContainSubstring("一人でもどうぞ。\nお待ちしています。</textarea>")))
		})
	}
	g := NewWithT(t)
	spring := b.Post("/events/new", eventOf(w, "EventZone", "Europe/Berlin", "StartsAt", "2027-03-28T02:30", "EndsAt", "2027-03-28T04:00")...)
	g.Expect(spring.Body).To(MatchRegexp(`name="StartsAt"[^>]*aria-invalid="true"`), "the clock leaves this hour out")
	empty := b.Post("/events/new", "act", "publish", "EventKind", "Reunion", "EventLocale", "ja", "EventForm", "OnSite", "EventZone", "Asia/Tokyo").Body
	g.Expect(empty).To(MatchRegexp(`name="EventTitle"[^>]*aria-invalid="true"`), "the first field that is empty comes first")
	g.Expect(w.Value(`SELECT count(*) FROM alumni.event`)).To(Equal("0"))
}

func TestAnEventIsShownByTheClockOfItsPlaceAndOfItsReader(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	organiser, _ := signedIn(w, site)
	day := w.Clock.Now().UTC().AddDate(0, 1, 0)
	path := organised(organiser, w, "EventZone", "Europe/Berlin")
	reader, person := signedIn(w, site)
	w.Exec(`UPDATE alumni.member SET time_zone = 'America/New_York' WHERE id = $1`, person.ID)
	berlin, _ := time.LoadLocation("Europe/Berlin")
	york, _ := time.LoadLocation("America/New_York")
	starts := time.Date(day.Year(), day.Month(), day.Day(), 19, 0, 0, 0, berlin)
	page := reader.Get(path).Body
	g.Expect(page).To(And(ContainSubstring("19:00–21:00"), ContainSubstring("Germany (Berlin)"),
		ContainSubstring(starts.In(york).Format("15:04")+"–"), ContainSubstring("United States, East (New York)")))
	japanese := reader.Get(path + "?lang=ja").Body
	g.Expect(japanese).To(ContainSubstring(starts.Format("2006年1月2日") + "（" + string([]rune("日月火水木金土")[starts.Weekday()]) + "）19:00〜21:00"))
	file := reader.Get(path + "/event.ics")
	g.Expect(file.Header.Get("Content-Type")).To(Equal("text/calendar; charset=utf-8; method=PUBLISH"))
	g.Expect(file.Body).To(And(ContainSubstring("DTSTART:"+starts.UTC().Format("20060102T150405Z")), ContainSubstring("METHOD:PUBLISH"), Not(ContainSubstring("meet.example"))))
	uid := regexp.MustCompile(`UID:\S+`).FindString(file.Body)
	g.Expect(organiser.Post(path+"/edit", eventOf(w, "EventZone", "Europe/Berlin", "EventTitle", "新しい会")...).Location).To(Equal(path + "?done=saved"))
	again := reader.Get(path + "/event.ics").Body
	g.Expect(again).To(And(ContainSubstring(uid), ContainSubstring("SEQUENCE:1"), ContainSubstring("SUMMARY:新しい会")))
}

func TestDraftsAndFormsAreTheirOrganisersAlone(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	organiser, _ := signedIn(w, site)
	other, _ := signedIn(w, site)
	path := organised(organiser, w, "act", "draft")
	g.Expect(organiser.Get(path).Body).To(ContainSubstring("This is a draft."))
	for _, page := range []string{path, path + "/edit", path + "/cancel", path + "/event.ics"} {
		g.Expect(other.Get(page).Status).To(Equal(http.StatusNotFound), page)
	}
	g.Expect(other.Post(path+"/edit", eventOf(w)...).Status).To(Equal(http.StatusNotFound))
	g.Expect(other.Post(path + "/cancel").Status).To(Equal(http.StatusNotFound))
	g.Expect(other.Get("/events").Body).NotTo(ContainSubstring("鍋を囲む会"))
	g.Expect(organiser.Post(path+"/edit", eventOf(w)...).Location).To(Equal(path + "?done=published"))
	g.Expect(other.Get("/events").Body).To(ContainSubstring("鍋を囲む会"))
	g.Expect(organiser.Get(path + "/edit").Body).To(And(ContainSubstring(`value="鍋を囲む会"`), ContainSubstring("T19:00"), ContainSubstring("Save the changes")))
	g.Expect(organiser.Post(path, "act", "register").Status).To(Equal(http.StatusUnprocessableEntity))
	for _, nowhere := range []string{"/events/x", "/events/00000000-0000-4000-8000-000000000000", "/events/x/edit"} {
		g.Expect(other.Get(nowhere).Status).To(Equal(http.StatusNotFound), nowhere)
	}
	g.Expect(site.Browser().Get(path).Location).To(Equal("/sign-in"))
}

func TestLongListsOfEventsAndNamesGoOn(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b, _ := signedIn(w, w.Serve())
	w.Exec(`INSERT INTO alumni.event (id, kind, organiser, locale, title, form, starts_at, ends_at, time_zone, state, created_at, updated_at)
		SELECT gen_random_uuid(), 'Seminar', 'Office', 'en', 'no ' || n, 'Online', now() + n * interval '1 day', now() + n * interval '1 day' + interval '1 hour',
			'Asia/Tokyo', 'Published', now(), now() FROM generate_series(1, 45) n`)
	var titles []string
	for next := "/events?view=coming"; next != ""; {
		a := b.Get(next)
		for _, m := range regexp.MustCompile(`>(no \d+)</a>`).FindAllStringSubmatch(a.Body, -1) {
			titles = append(titles, m[1])
		}
		next = ""
		if m := regexp.MustCompile(`href="(/events\?view=coming&amp;after=[^"]+)"`).FindStringSubmatch(a.Body); m != nil {
			next = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	g.Expect(titles).To(HaveLen(45))
	g.Expect([]string{titles[0], titles[20], titles[44]}).To(Equal([]string{"no 1", "no 21", "no 45"}))
	g.Expect(b.Get("/events?after=nonsense&view=nonsense").Status).To(Equal(200))
	g.Expect(b.Get("/events?after=99999999999999999_00000000-0000-4000-8000-000000000000").Status).To(Equal(200))

	id := w.Value(`SELECT id FROM alumni.event ORDER BY starts_at LIMIT 1`)
	for i := range 60 {
		guest := w.Person(community.StateActive)
		w.Exec(`UPDATE alumni.member SET given_name = $2 WHERE id = $1`, guest.ID, fmt.Sprintf("no%02d", i))
		w.Exec(`INSERT INTO alumni.visibility VALUES ($1, 'Name', 'Alumni')`, guest.ID)
		w.Exec(`INSERT INTO alumni.event_registration VALUES ($1, $2, 'Registered', $3, true, now(), now())`, id, guest.ID, i+1)
	}
	page := b.Get("/events/" + id).Body
	g.Expect(page).To(And(ContainSubstring("no49"), Not(ContainSubstring("no50")), ContainSubstring("People who come: 60")))
	g.Expect(b.Get(regexp.MustCompile(`/events/\S+guests=\d+`).FindString(page)).Body).To(And(ContainSubstring("no50"), ContainSubstring("no59"), Not(ContainSubstring("no49"))))
}

func TestANetworkWithoutEventsHasNone(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	w.Network.Modules = []string{settings.ModuleFeed}
	b, _ := signedIn(w, w.Serve())
	g.Expect(b.Get("/events").Status).To(Equal(http.StatusNotFound))
	g.Expect(b.Get("/me").Body).NotTo(ContainSubstring("/events"))
}

func TestNothingOfAnEventIsLogged(t *testing.T) {
	w := portaltest.New(t)
	site := w.Serve()
	b, _ := signedIn(w, site)
	guest, person := signedIn(w, site)
	waits, _ := signedIn(w, site)
	path := organised(b, w, "EventTitle", canary.Note, "EventPlace", canary.Address, "EventDescription", canary.NameEn)
	guest.Post(path, "act", "register")
	waits.Post(path, "act", "register")
	guest.Post(path, "act", "unregister")
	b.Post(path+"/edit", eventOf(w, "EventTitle", canary.Note+"\x00")...)
	w.Exec(`ALTER TABLE alumni.event RENAME COLUMN place TO gone`)
	a := b.Post(path+"/edit", eventOf(w, "EventTitle", canary.Note, "EventPlace", canary.Address)...)
	NewWithT(t).Expect(a.Status).To(Equal(http.StatusInternalServerError))
	w.Exec(`ALTER TABLE alumni.event RENAME COLUMN gone TO place`)
	b.Post(path + "/cancel")
	w.AwaitMail(person.Address, 1)
	canary.ScanAll(t, map[string]any{"the log": w.Log.String()})
	NewWithT(t).Expect(w.Log.String()).NotTo(ContainSubstring(strings.TrimPrefix(path, "/events/")), "nor which event it was")
}

func TestTheHomePageTellsOfMeetingsToCome(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	site := w.Serve()
	organiser, _ := signedIn(w, site)
	g.Expect(organiser.Get("/home").Body).To(ContainSubstring("No meeting is planned"))
	path, called := organised(organiser, w), organised(organiser, w, "EventTitle", "中止の会")
	organiser.Post(called+"/cancel", "act", "cancel")
	member, _ := signedIn(w, site)
	g.Expect(member.Get("/home").Body).To(And(ContainSubstring(`href="`+path+`" lang="ja">鍋を囲む会`), Not(ContainSubstring("中止の会"))))
}
