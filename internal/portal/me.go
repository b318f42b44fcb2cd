// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/url"
	"strings"

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
}

// editData is a profile to write.
type editData struct {
	Member    community.Member
	Skills    string
	Fields    []editField
	Audiences []community.Audience
	Locales   []community.Locale
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
	return s.ok(v, "me", "me.title", profileData{Member: m, Fields: community.Fields(), Paused: m.Paused(s.Now())})
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
	profile, visibility := readProfile(form)
	err = s.Services.UpdateProfile(v.r.Context(), v.viewer, profile, visibility)
	if problem := s.problemOf(v, err); problem != nil {
		m, readErr := s.Services.Member(v.r.Context(), v.viewer)
		if readErr != nil {
			return readErr
		}
		m.Profile, m.Visibility = profile, visibility
		return s.again(v, err, "edit", "edit.title", editOf(m, problem.Field))
	}
	if err != nil {
		return err
	}
	return v.redirect("/me?done=saved")
}

// readProfile takes the form as it is; the domain says what is wrong with it.
func readProfile(form url.Values) (community.Profile, community.Visibility) {
	p := community.Profile{
		FamilyNameKana: form.Get("FamilyNameKana"), GivenNameKana: form.Get("GivenNameKana"),
		Region: form.Get("Region"), Skills: community.ParseSkills(form.Get("Skills")),
		Employer: form.Get("Employer"), Title: form.Get("Title"), About: form.Get("About"),
		Locale: community.Locale(form.Get("Locale")),
	}
	visibility := community.Visibility{}
	for _, f := range community.Fields() {
		if a := form.Get("visible." + string(f)); a != "" {
			visibility[f] = community.Audience(a)
		}
	}
	return p.Normalise(), visibility
}

// editOf is the form of a member; wrong names the field at fault.
func editOf(m community.Member, wrong string) editData {
	d := editData{Member: m, Skills: strings.Join(m.Profile.Skills, "\n"), Audiences: community.Audiences(), Locales: community.Locales()}
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
