// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal_test

import (
	"regexp"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/alumni-operator/alumni-operator/internal/community"
	"github.com/alumni-operator/alumni-operator/internal/testutil/portaltest"
)

// chosenIn lists the options that a page shows as chosen.
func chosenIn(body string) []string {
	all := []string{}
	for _, m := range regexp.MustCompile(`<option value="([^"]*)"[^>]* selected`).FindAllStringSubmatch(body, -1) {
		if value := m[1]; value != "Nobody" && value != "ja" && value != "en" {
			all = append(all, value)
		}
	}
	return all
}

func TestAMemberTellsBirthdayAndTimeZoneAndTakesThemBack(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := w.Serve().Browser()
	person := w.Person(community.StateActive)
	b.SignIn(w, person)
	stored := func() string {
		return w.Value(`SELECT concat_ws('|', coalesce(birthday::text, 'none'), time_zone) FROM alumni.member WHERE id = $1`, person.ID)
	}
	save := func(args ...string) portaltest.Answer {
		return b.Post("/me/profile", append([]string{"Locale", "en"}, args...)...)
	}

	form := b.Get("/me/profile").Body
	g.Expect(form).To(And(ContainSubstring("the year is neither asked for nor kept"), ContainSubstring("As the network: Japan (Tokyo)"), ContainSubstring(`<optgroup label="Europe">`)))
	g.Expect(chosenIn(form)).To(BeEmpty(), "nothing is guessed")
	g.Expect(b.Get("/me").Body).To(ContainSubstring("As the network: Japan (Tokyo)"))

	g.Expect(save("BirthdayMonth", "2", "BirthdayDay", "29", "TimeZone", "America/New_York").Location).To(Equal("/me?done=saved"))
	g.Expect(stored()).To(Equal("229|America/New_York"))
	g.Expect(b.Get("/me").Body).To(And(ContainSubstring("29 February"), ContainSubstring("United States, East (New York)")))
	g.Expect(b.Get("/me?lang=ja").Body).To(And(ContainSubstring("2月29日"), ContainSubstring("アメリカ東部（ニューヨーク）")))
	g.Expect(chosenIn(b.Get("/me/profile?lang=en").Body)).To(Equal([]string{"2", "29", "America/New_York"}))
	for _, circle := range []string{"Staff", "Alumni", "Employees"} {
		g.Expect(b.Get("/me/preview?as=" + circle).Body).NotTo(Or(ContainSubstring("February"), ContainSubstring("New York")))
	}

	g.Expect(save().Location).To(Equal("/me?done=saved"))
	g.Expect(stored()).To(Equal("229|America/New_York"), "a page of the version before asks for neither")
	g.Expect(save("BirthdayMonth", "", "BirthdayDay", "", "TimeZone", "").Location).To(Equal("/me?done=saved"))
	g.Expect(stored()).To(Equal("none|"))
}

func TestABirthdayOrTimeZoneThatCannotBeIsToldAndNotSaved(t *testing.T) {
	w := portaltest.New(t)
	b := w.Serve().Browser()
	person := w.Person(community.StateActive)
	b.SignIn(w, person)
	for name, c := range map[string]struct {
		month, day, zone string
		says             string
		shows            []string
	}{
		"a day that no year has": {"2", "30", "", "a month and a day that there is", []string{"2", "30"}},
		"a month without a day":  {"4", "", "", "a month and a day that there is", []string{"4"}},
		"a day without a month":  {"", "1", "", "a month and a day that there is", []string{"1"}},
		"no numbers":             {"April", "first", "", "a month and a day that there is", []string{}},
		"a zone that is none":    {"", "", "Mars/Olympus", "choose one of the options", []string{"Mars/Olympus"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			a := b.Post("/me/profile", "Locale", "en", "Region", "Nara", "BirthdayMonth", c.month, "BirthdayDay", c.day, "TimeZone", c.zone)
			g.Expect(a.Status).To(Equal(422))
			g.Expect(a.Body).To(And(ContainSubstring(c.says), ContainSubstring(`aria-invalid="true"`), ContainSubstring(`value="Nara"`)))
			g.Expect(chosenIn(a.Body)).To(Equal(c.shows))
		})
	}
	NewWithT(t).Expect(w.Value(`SELECT region FROM alumni.member WHERE id = $1`, person.ID)).To(Equal("京都府"))
}

func TestAZoneOfHRsThatIsNotOfferedCanBeKept(t *testing.T) {
	g := NewWithT(t)
	w := portaltest.New(t)
	b := w.Serve().Browser()
	person := w.Person(community.StateActive)
	w.Exec(`UPDATE alumni.member SET time_zone = 'America/Bogota' WHERE id = $1`, person.ID)
	b.SignIn(w, person)
	g.Expect(chosenIn(b.Get("/me/profile").Body)).To(Equal([]string{"America/Bogota"}))
	g.Expect(b.Get("/me").Body).To(ContainSubstring("America/Bogota"))
	g.Expect(b.Post("/me/profile", "Locale", "en", "TimeZone", "America/Bogota").Location).To(Equal("/me?done=saved"))
	g.Expect(w.Value(`SELECT time_zone FROM alumni.member WHERE id = $1`, person.ID)).To(Equal("America/Bogota"))
}

func TestThePrivacyPageNamesBirthdayAndTimeZone(t *testing.T) {
	g := NewWithT(t)
	b := portaltest.New(t).Serve().Browser()
	g.Expect(b.Get("/privacy").Body).To(ContainSubstring("Month and day of your birthday (never the year), and your time zone"))
	g.Expect(b.Get("/privacy?lang=ja").Body).To(ContainSubstring("誕生日の月と日（生まれた年は含みません）、タイムゾーン"))
}
