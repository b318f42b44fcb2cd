// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package community

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of what a member writes, in characters.
const (
	MaxKana      = 100
	MaxRegion    = 100
	MaxEmployer  = 200
	MaxTitle     = 200
	MaxAbout     = 2000
	MaxSkills    = 30
	MaxSkillText = 50
)

// Profile is what a member keeps about himself or herself.
type Profile struct {
	FamilyNameKana string
	GivenNameKana  string
	Region         string
	Skills         []string
	Employer       string
	Title          string
	About          string
	Locale         Locale
	Birthday       MonthDay // for greetings; never shown to others
	TimeZone       string   // for hours of rest, never shown to others; empty: the network's
}

// Normalise trims every text, joins the line ends of all systems to one form, and drops empty and repeated skills.
func (p Profile) Normalise() Profile {
	p.FamilyNameKana = strings.TrimSpace(p.FamilyNameKana)
	p.GivenNameKana = strings.TrimSpace(p.GivenNameKana)
	p.Region = strings.TrimSpace(p.Region)
	p.Employer = strings.TrimSpace(p.Employer)
	p.Title = strings.TrimSpace(p.Title)
	p.About = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(p.About))
	skills := []string{}
	for _, s := range p.Skills {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(skills, s) {
			skills = append(skills, s)
		}
	}
	p.Skills = skills
	return p
}

// Validate checks a normalised profile and answers with CodeInvalid for the first field that breaks a rule.
func (p Profile) Validate() error {
	lines := []struct {
		field string
		text  string
		limit int
	}{
		{"FamilyNameKana", p.FamilyNameKana, MaxKana},
		{"GivenNameKana", p.GivenNameKana, MaxKana},
		{"Region", p.Region, MaxRegion},
		{"Employer", p.Employer, MaxEmployer},
		{"Title", p.Title, MaxTitle},
	}
	for _, l := range lines {
		if err := checkLine(l.field, l.text, l.limit); err != nil {
			return err
		}
	}
	if len(p.Skills) > MaxSkills {
		return Invalid("Skills", "error.tooManySkills")
	}
	for _, s := range p.Skills {
		if err := checkLine("Skills", s, MaxSkillText); err != nil {
			return err
		}
	}
	if err := checkText("About", p.About, MaxAbout, func(r rune) bool { return r == '\n' || r == '\t' }); err != nil {
		return err
	}
	if p.Birthday != (MonthDay{}) && !p.Birthday.Valid() {
		return Invalid("Birthday", "error.birthday")
	}
	if p.TimeZone != "" && !KnownZone(p.TimeZone) {
		return Invalid("TimeZone", "error.choice")
	}
	if !slices.Contains(Locales(), p.Locale) {
		return Invalid("Locale", "error.choice")
	}
	return nil
}

// ParseSkills splits what a member typed: one skill a line, or separated by Western or Japanese commas.
func ParseSkills(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("\n\r,，、;；", r) })
}

func checkLine(field, text string, limit int) error {
	return checkText(field, text, limit, func(rune) bool { return false })
}

func checkText(field, text string, limit int, allowed func(rune) bool) error {
	if !utf8.ValidString(text) {
		return Invalid(field, "error.characters")
	}
	if utf8.RuneCountInString(text) > limit {
		return Invalid(field, "error.tooLong")
	}
	for _, r := range text {
		if unicode.IsControl(r) && !allowed(r) {
			return Invalid(field, "error.characters")
		}
	}
	return nil
}
