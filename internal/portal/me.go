// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alumni-operator/alumni-operator/internal/community"
)

// profileData is a profile to read.
type profileData struct {
	Member   community.Member
	Fields   []community.Field
	Paused   bool
	As       community.Audience // on the preview
	Circles  []community.Audience
	Anything bool
	LINE     lineData // on the member's own page
}

// editData is a profile to write.
type editData struct {
	Member    community.Member
	Skills    string
	Fields    []editField
	Audiences []community.Audience
	Locales   []community.Locale
	Months    []time.Month
	Days      []int
	Regions   []community.ZoneRegion
	OtherZone string // the member's own, where it is none of those that are offered
	Wrong     string // the field at fault
}

// editField is one field with its visibility.
type editField struct {
	Field   community.Field
	Shown   community.Audience
	Fixed   bool // HR's fact: only its visibility can be chosen
	Wrong   bool
	Limit   int
	Text    string
	Several bool
}

// profile is the member's home page.
func (s *Server) profile(v *visit) error {
	m, err := s.Services.Member(v.r.Context(), v.viewer)
	if err != nil {
		return err
	}
	line, err := s.readLINE(v)
	if err != nil {
		return err
	}
	return s.ok(v, "me", "me.title", profileData{Member: m, Fields: community.Fields(), Paused: m.Paused(s.Now()), LINE: line})
}

// preview shows the profile as others see it.
func (s *Server) preview(v *visit) error {
	m, err := s.Services.Member(v.r.Context(), v.viewer)
	if err != nil {
		return err
	}
	circles := community.Audiences()[1:]
	as, ok := community.ParseAudience(v.r.URL.Query().Get("as"))
	if !ok || as == community.AudienceNobody {
		as = community.AudienceAlumni
	}
	d := profileData{Member: m.SeenAs(as), As: as, Circles: circles}
	for _, f := range community.Fields() {
		if m.Visibility.Shows(f, as) {
			d.Fields = append(d.Fields, f)
		}
	}
	d.Anything = len(d.Fields) > 0
	return s.ok(v, "preview", "preview.title", d)
}

func (s *Server) profileForm(v *visit) error {
	m, err := s.Services.Member(v.r.Context(), v.viewer)
	if err != nil {
		return err
	}
	return s.ok(v, "edit", "edit.title", editOf(m, ""))
}

func (s *Server) saveProfile(v *visit) error {
	form, err := v.form()
	if err != nil {
		return err
	}
	m, err := s.Services.Member(v.r.Context(), v.viewer)
	if err != nil {
		return err
	}
	profile, visibility := readProfile(form, m.Profile)
	err = s.Services.UpdateProfile(v.r.Context(), v.viewer, profile, visibility)
	if problem := s.problemOf(v, err); problem != nil {
		m.Profile, m.Visibility = profile, visibility
		return s.again(v, err, "edit", "edit.title", editOf(m, problem.Field))
	}
	if err != nil {
		return err
	}
	return v.redirect("/me?done=saved")
}

// readProfile takes the form as it is; the domain says what is wrong with it. A page that the version before has shown does
// not ask for the birthday and the time zone, and leaves them as they are.
func readProfile(form url.Values, now community.Profile) (community.Profile, community.Visibility) {
	p := community.Profile{
		FamilyNameKana: form.Get("FamilyNameKana"), GivenNameKana: form.Get("GivenNameKana"),
		Region: form.Get("Region"), Skills: community.ParseSkills(form.Get("Skills")),
		Employer: form.Get("Employer"), Title: form.Get("Title"), About: form.Get("About"),
		Locale: community.Locale(form.Get("Locale")), Birthday: now.Birthday, TimeZone: now.TimeZone,
	}
	if form.Has("BirthdayMonth") || form.Has("BirthdayDay") {
		p.Birthday = community.MonthDay{Month: time.Month(chosen(form.Get("BirthdayMonth"))), Day: chosen(form.Get("BirthdayDay"))}
	}
	if form.Has("TimeZone") {
		p.TimeZone = form.Get("TimeZone")
	}
	visibility := community.Visibility{}
	for _, f := range community.Fields() {
		if a := form.Get("visible." + string(f)); a != "" {
			visibility[f] = community.Audience(a)
		}
	}
	return p.Normalise(), visibility
}

// chosen is the number of an option, 0 for none; no option has a negative one, so that the domain refuses it.
func chosen(option string) int {
	if option == "" {
		return 0
	}
	n, err := strconv.Atoi(option)
	if err != nil {
		return -1
	}
	return n
}

// editOf is the form of a member; wrong names the field at fault.
func editOf(m community.Member, wrong string) editData {
	d := editData{Member: m, Skills: strings.Join(m.Profile.Skills, "\n"), Audiences: community.Audiences(), Locales: community.Locales(),
		Regions: community.ZoneRegions(), OtherZone: m.Profile.TimeZone, Wrong: wrong}
	for month := time.January; month <= time.December; month++ {
		d.Months = append(d.Months, month)
	}
	for day := 1; day <= 31; day++ {
		d.Days = append(d.Days, day)
	}
	if slices.ContainsFunc(d.Regions, func(r community.ZoneRegion) bool { return slices.Contains(r.Zones, m.Profile.TimeZone) }) {
		d.OtherZone = ""
	}
	texts := map[community.Field]editField{
		community.FieldRegion:   {Text: m.Profile.Region, Limit: community.MaxRegion},
		community.FieldSkills:   {Text: d.Skills, Limit: community.MaxSkills * (community.MaxSkillText + 1), Several: true},
		community.FieldEmployer: {Text: m.Profile.Employer, Limit: community.MaxEmployer},
		community.FieldTitle:    {Text: m.Profile.Title, Limit: community.MaxTitle},
		community.FieldAbout:    {Text: m.Profile.About, Limit: community.MaxAbout, Several: true},
	}
	for _, f := range community.Fields() {
		e, own := texts[f]
		e.Field, e.Shown, e.Fixed, e.Wrong = f, m.Visibility.Of(f), !own, wrong == string(f)
		d.Fields = append(d.Fields, e)
	}
	return d
}
