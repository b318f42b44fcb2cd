// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

func TestAddressesAreBroughtToOneForm(t *testing.T) {
	cases := map[string]struct{ typed, want string }{
		"as it is":                            {"hana@hoshino.example", "hana@hoshino.example"},
		"space around":                        {"  hana@hoshino.example\t", "hana@hoshino.example"},
		"a domain in capitals":                {"Hana@Hoshino.EXAMPLE", "Hana@hoshino.example"},
		"wide letters of a Japanese keyboard": {"ｈａｎａ＠ｈｏｓｈｉｎｏ．ｅｘａｍｐｌｅ", "hana@hoshino.example"},
		"an ideographic space":                {"　hana@hoshino.example　", "hana@hoshino.example"},
		"a local part beyond ASCII":           {"花@hoshino.example", "花@hoshino.example"},
		"nothing":                             {"", ""},
		"no at":                               {"hana.hoshino.example", ""},
		"no local part":                       {"@hoshino.example", ""},
		"no dot in the domain":                {"hana@localhost", ""},
		"two ats":                             {"hana@x@hoshino.example", ""},
		"an empty label":                      {"hana@hoshino..example", ""},
		"two addresses":                       {"hana@hoshino.example,taro@hoshino.example", ""},
		"a name with an address":              {"Hana <hana@hoshino.example>", ""},
		"a line end":                          {"hana@hoshino.example\r\nBcc: taro@hoshino.example", ""},
		"a NUL":                               {"ha\x00na@hoshino.example", ""},
		"broken UTF-8":                        {"ha\xffna@hoshino.example", ""},
		"too long":                            {strings.Repeat("a", 60) + "@" + strings.Repeat("b.", 100) + "example", ""},
		"a long local part":                   {strings.Repeat("a", 65) + "@hoshino.example", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got, err := community.NormaliseAddress(c.typed)
			g.Expect(got).To(Equal(c.want))
			if c.want == "" {
				g.Expect(community.CodeOf(err)).To(Equal(community.CodeInvalid))
				g.Expect(err.Error()).NotTo(ContainSubstring("hana"), "an error never repeats an address")
			}
		})
	}
}

func FuzzNormaliseAddress(f *testing.F) {
	f.Add("hana@hoshino.example")
	f.Add("ｈａｎａ＠ｈｏｓｈｉｎｏ．ｅｘａｍｐｌｅ ")
	f.Fuzz(func(t *testing.T, typed string) {
		address, err := community.NormaliseAddress(typed)
		if err != nil {
			return
		}
		again, err := community.NormaliseAddress(address)
		if err != nil || again != address {
			t.Errorf("the form is not final")
		}
		if strings.ContainsAny(address, "\r\n\x00 <>") {
			t.Errorf("the form could change a mail or a query")
		}
	})
}

func TestProfilesHaveBounds(t *testing.T) {
	valid := community.Profile{Locale: community.Japanese, Skills: []string{"発酵"}, About: "一行目\n二行目\tと"}
	cases := map[string]struct {
		change func(*community.Profile)
		field  string
	}{
		"all is well":           {func(*community.Profile) {}, ""},
		"a long region":         {func(p *community.Profile) { p.Region = strings.Repeat("京", community.MaxRegion+1) }, "Region"},
		"the longest region":    {func(p *community.Profile) { p.Region = strings.Repeat("京", community.MaxRegion) }, ""},
		"a line end in a title": {func(p *community.Profile) { p.Title = "a\nb" }, "Title"},
		"a NUL":                 {func(p *community.Profile) { p.About = "a\x00b" }, "About"},
		"a long text":           {func(p *community.Profile) { p.About = strings.Repeat("字", community.MaxAbout+1) }, "About"},
		"broken UTF-8":          {func(p *community.Profile) { p.Employer = "\xff" }, "Employer"},
		"too many skills":       {func(p *community.Profile) { p.Skills = make([]string, community.MaxSkills+1) }, "Skills"},
		"a long skill":          {func(p *community.Profile) { p.Skills = []string{strings.Repeat("x", community.MaxSkillText+1)} }, "Skills"},
		"no language":           {func(p *community.Profile) { p.Locale = "" }, "Locale"},
		"a language we lack":    {func(p *community.Profile) { p.Locale = "fr" }, "Locale"},
		"a day of a leap year":  {func(p *community.Profile) { p.Birthday = community.MonthDay{Month: 2, Day: 29} }, ""},
		"a day of no year":      {func(p *community.Profile) { p.Birthday = community.MonthDay{Month: 2, Day: 30} }, "Birthday"},
		"a month without a day": {func(p *community.Profile) { p.Birthday.Month = time.April }, "Birthday"},
		"a day without a month": {func(p *community.Profile) { p.Birthday.Day = 1 }, "Birthday"},
		"a month of no year":    {func(p *community.Profile) { p.Birthday = community.MonthDay{Month: 13, Day: 1} }, "Birthday"},
		"less than a month":     {func(p *community.Profile) { p.Birthday = community.MonthDay{Month: -1, Day: -1} }, "Birthday"},
		"a time zone":           {func(p *community.Profile) { p.TimeZone = "America/Argentina/Buenos_Aires" }, ""},
		"a zone we lack":        {func(p *community.Profile) { p.TimeZone = "Mars/Olympus" }, "TimeZone"},
		"the machine's zone":    {func(p *community.Profile) { p.TimeZone = "Local" }, "TimeZone"},
		"a long reading":        {func(p *community.Profile) { p.GivenNameKana = strings.Repeat("ハ", community.MaxKana+1) }, "GivenNameKana"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			p := valid
			c.change(&p)
			err := p.Validate()
			if c.field == "" {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			var e *community.Error
			g.Expect(errors.As(err, &e)).To(BeTrue())
			g.Expect([]any{e.Code, e.Field}).To(Equal([]any{community.CodeInvalid, c.field}))
		})
	}
}

func TestADayOfEveryYearIsKeptAsANumber(t *testing.T) {
	g := NewWithT(t)
	g.Expect(community.MonthDay{Month: time.April, Day: 1}.Number()).To(Equal(int16(401)))
	g.Expect(community.MonthDay{}.Number()).To(BeZero())
	for number := range int16(1300) {
		g.Expect(community.MonthDayOf(number).Number()).To(Equal(number))
	}
}

func TestEveryZoneThatIsOfferedIsKnownAndOfferedOnce(t *testing.T) {
	g := NewWithT(t)
	seen := map[string]bool{}
	for _, r := range community.ZoneRegions() {
		for _, zone := range r.Zones {
			g.Expect(community.KnownZone(zone)).To(BeTrue(), zone)
			g.Expect(seen).NotTo(HaveKey(zone))
			seen[zone] = true
		}
	}
}

func TestNobodyElseSeesBirthdayAndTimeZone(t *testing.T) {
	g := NewWithT(t)
	m := person()
	m.Visibility = community.Visibility{}
	for _, f := range community.Fields() {
		m.Visibility[f] = community.AudienceEmployees
	}
	for _, a := range community.Audiences() {
		p := m.SeenAs(a).Profile
		g.Expect([]any{p.Birthday, p.TimeZone}).To(Equal([]any{community.MonthDay{}, ""}), string(a))
	}
}

func TestSkillsAreSplitAsPeopleTypeThem(t *testing.T) {
	g := NewWithT(t)
	p := community.Profile{Skills: community.ParseSkills("発酵、品質管理\r\nGo, SQL，Go ;  \n")}.Normalise()
	g.Expect(p.Skills).To(Equal([]string{"発酵", "品質管理", "Go", "SQL"}))
	g.Expect(community.Profile{}.Normalise().Skills).To(Equal([]string{}), "the store wants no null")
}

// person has every fact, each recognisable.
func person() community.Member {
	return community.Member{
		FamilyName: "family", GivenName: "given", Email: "email",
		Employments: []community.Employment{{Department: "department", Post: "post", JoinedOn: time.Unix(1, 0), LeftOn: time.Unix(2, 0)}},
		Profile: community.Profile{FamilyNameKana: "kana", GivenNameKana: "kana", Region: "region", Skills: []string{"skill"},
			Employer: "employer", Title: "title", About: "about", Locale: "ja",
			Birthday: community.MonthDay{Month: 4, Day: 1}, TimeZone: "Asia/Tokyo"},
	}
}

// seen lists the fields of which a view holds anything.
func seen(m community.Member) map[community.Field]bool {
	s := map[community.Field]bool{
		community.FieldName:     m.FamilyName+m.GivenName+m.Profile.FamilyNameKana+m.Profile.GivenNameKana != "",
		community.FieldEmail:    m.Email != "",
		community.FieldRegion:   m.Profile.Region != "",
		community.FieldSkills:   len(m.Profile.Skills) > 0,
		community.FieldEmployer: m.Profile.Employer != "",
		community.FieldTitle:    m.Profile.Title != "",
		community.FieldAbout:    m.Profile.About != "",
	}
	for _, e := range m.Employments {
		s[community.FieldDepartment] = s[community.FieldDepartment] || e.Department+e.Post != ""
		s[community.FieldEmploymentPeriod] = s[community.FieldEmploymentPeriod] || !e.JoinedOn.IsZero() || !e.LeftOn.IsZero()
	}
	return s
}

func TestOnlyWhatIsShownIsSeen(t *testing.T) {
	rank := map[community.Audience]int{"Nobody": 0, "Staff": 1, "Alumni": 2, "Employees": 3}
	rapid.Check(t, func(t *rapid.T) {
		m := person()
		m.Visibility = community.Visibility{}
		for _, f := range community.Fields() {
			if rapid.Bool().Draw(t, "chosen") {
				m.Visibility[f] = rapid.SampledFrom(community.Audiences()).Draw(t, "audience")
			}
		}
		to := rapid.SampledFrom(community.Audiences()).Draw(t, "viewer")
		view := seen(m.SeenAs(to))
		for _, f := range community.Fields() {
			want := to != community.AudienceNobody && rank[m.Visibility[f]] >= rank[to] && rank[m.Visibility[f]] > 0
			if view[f] != want {
				t.Fatalf("%s shown to %q, seen by %s: %v", f, m.Visibility[f], to, view[f])
			}
		}
	})
}

func TestAPauseEndsAtItsInstant(t *testing.T) {
	g := NewWithT(t)
	end := time.Unix(1000, 0)
	m := community.Member{State: community.StatePaused, PausedUntil: &end}
	g.Expect([]bool{m.Paused(end.Add(-1)), m.Paused(end)}).To(Equal([]bool{true, false}))
	g.Expect(community.Member{State: community.StatePaused}.Paused(end)).To(BeTrue())
	g.Expect(community.Member{State: community.StateActive, PausedUntil: &end}.Paused(end.Add(-1))).To(BeFalse())
}

func TestErrorsTellTheirCode(t *testing.T) {
	g := NewWithT(t)
	cause := errors.New("boom")
	err := community.Internal("read", cause)
	g.Expect(community.CodeOf(err)).To(Equal(community.CodeInternal))
	g.Expect(errors.Is(err, cause)).To(BeTrue())
	g.Expect(err).To(MatchError("Internal (error.internal): read: boom"))
	g.Expect(community.CodeOf(cause)).To(Equal(community.CodeInternal))
	g.Expect(community.Invalid("Region", "error.tooLong")).To(MatchError("Invalid Region (error.tooLong)"))
}

func TestAChoiceNamesItsWording(t *testing.T) {
	g := NewWithT(t)
	g.Expect(community.Choice{TextVersion: "1", Give: map[community.Purpose]bool{"Jobs": true}}.Validate()).To(Succeed())
	g.Expect(community.Choice{Give: map[community.Purpose]bool{"Jobs": true}}.Validate()).NotTo(Succeed())
	g.Expect(community.Choice{TextVersion: "1", Give: map[community.Purpose]bool{"Spam": true}}.Validate()).NotTo(Succeed())
}
